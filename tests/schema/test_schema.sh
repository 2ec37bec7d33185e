#!/bin/sh
# test_schema.sh - scenarios/schema/scenario.json is what the program says, and an independent validator that knows nothing
# but the schema takes and refuses the same files as the reader, as far as structure goes: all scenarios and their
# expanded forms, the wrong ones of tests/unit/wrong_scenarios.txt, and a few thousand that are spoilt in one place.
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
want "validator and reader must agree" /usr/bin/python3 tests/schema/compare.py "$CAUCUS" "$tmp/schema.json" \
    "$tmp/good" tests/unit/wrong_scenarios.txt "$tmp"
finish "the schema and the reader agree"
