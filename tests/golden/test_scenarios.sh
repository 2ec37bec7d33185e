#!/bin/sh
# Every scenario there is comes out as its `expect` says, on every engine that is built in, and a
# scenario that expects something else is found out.
. tests/golden/rig.sh

engines=$((1 + CAUCUS_WITH_SIMGRID))
count=0
for scenario in scenarios/*.json tests/golden/*.json; do
    count=$((count + 1))
    if ! "$CAUCUS" scenario test "$scenario" >"$tmp/out" 2>&1; then
        fail "$scenario: exit code other than 0"
    fi
    [ "$(grep -c ': as expected$' "$tmp/out")" -eq "$engines" ] &&
        [ "$(wc -l <"$tmp/out")" -eq "$engines" ] || {
        fail "$scenario: must be as expected on $engines engines, and nothing else be said"
        cat "$tmp/out"
    }
done
need 20 "scenarios" "$count"

# Each kind of expectation, broken by itself. WHAT | sed's command on contoso-fc1.json
while IFS='|' read -r what change; do
    sed "$change" scenarios/contoso-fc1.json >"$tmp/changed.json"
    code=0
    "$CAUCUS" scenario test --engine heap "$tmp/changed.json" >"$tmp/out" 2>&1 || code=$?
    want "expect.$what: exit code must be 1, is $code" [ "$code" -eq 1 ]
    want "expect.$what: a difference must be said" grep -q "expected" "$tmp/out"
    want "expect.$what: must not be as expected" [ "$(grep -c 'as expected' "$tmp/out")" -eq 0 ]
done <<'END'
exit|/^    "status":/d;s/"exit": 0/"exit": 1/
status|/^    "exit":/d;s/"status": "Succeeded"/"status": "Failed"/
nodes|s/"CONTOSO-N2": "Succeeded"/"CONTOSO-N2": "Failed"/
order|s/"order": \["CONTOSO-N3", "CONTOSO-N2"/"order": ["CONTOSO-N2", "CONTOSO-N3"/
restarts|s/"restarts": 4/"restarts": 5/
END

finish "$count scenarios as expected on $engines engines; $checks checks of wrong expectations"
