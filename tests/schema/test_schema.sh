#!/bin/sh
# test_schema.sh - scenarios/schema/scenario.json is what the program says, and an independent validator that knows nothing
# but the schema takes and refuses the same files as the reader, as far as structure goes: all scenarios and their
# expanded forms, the wrong ones of tests/unit/wrong_scenarios.txt, and a few thousand that are spoilt in one place.
# Likewise scenarios/schema/campaign.json: the plans of scenarios/campaigns and the one beside this file, wrong_plans.txt,
# and some hundred that are spoilt.
. tests/golden/rig.sh
cp "$CAUCUS" "$(dirname "$CAUCUS")/caucus-sim" "$tmp/"
"$CAUCUS" scenario schema >"$tmp/schema.json"
want "scenarios/schema/scenario.json must be what \`caucus scenario schema\` says; write it anew and look at the difference" \
    cmp -s "$tmp/schema.json" scenarios/schema/scenario.json
mkdir "$tmp/good"
for file in scenarios/*.json; do
    cp "$file" "$tmp/good/$(basename "$file" .json)-as-written.json"
    "$CAUCUS" scenario expand "$file" >"$tmp/good/$(basename "$file" .json)-expanded.json"
done
need 90 "good files" "$(find "$tmp/good" -type f | wc -l)"
want "validator and reader must agree" /usr/bin/python3 tests/schema/compare.py scenario "$CAUCUS" \
    "$tmp/schema.json" "$tmp/good" tests/unit/wrong_scenarios.txt "$tmp"

"$CAUCUS" campaign schema >"$tmp/schema.json"
want "scenarios/schema/campaign.json must be what \`caucus campaign schema\` says; write it anew and look at the difference" \
    cmp -s "$tmp/schema.json" scenarios/schema/campaign.json
mkdir "$tmp/plans" "$tmp/plans/good"
cp scenarios/contoso-fc1.json "$tmp/plans/scenario.json"
for file in scenarios/campaigns/*.json tests/schema/plan.json; do
    # From where the spoilt ones will stand: what a plan names is beside them, or has its whole path.
    jq --arg folder "$PWD/$(dirname "$file")" \
        '.scenario |= if . == "scenario.json" then "../scenario.json" else "\($folder)/\(.)" end' "$file" \
        >"$tmp/plans/good/$(basename "$file")"
done
want "validator and reader of plans must agree" /usr/bin/python3 tests/schema/compare.py campaign "$CAUCUS" \
    "$tmp/schema.json" "$tmp/plans/good" tests/schema/wrong_plans.txt "$tmp/plans"
finish "the schemas and the readers agree"
