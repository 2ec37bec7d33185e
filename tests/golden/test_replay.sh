#!/bin/sh
# A run's journals, fed to the core again, give the same decisions to the byte; a changed decision is
# found and named by its line; a damaged journal is refused, never replayed in part.
. tests/golden/rig.sh
without_pictures

# Every coordinator of every scenario, on the default engine; one test sees that none is left out.
journals=0
several=0
count=0
for scenario in scenarios/*.json tests/golden/weather.json; do
    dir=$tmp/$(basename "$scenario" .json)
    run "$dir" "$scenario" || fail "$scenario"
    code=0
    "$CAUCUS" replay "$dir" >"$tmp/out" 2>"$tmp/err" || code=$?
    want "$scenario: exit code must be 0, is $code: $(cat "$tmp/out" "$tmp/err")" [ "$code" -eq 0 ]
    find "$dir" -name journal.ndjson | sort >"$tmp/journals"
    sed -n 's/^\(.*\): [1-9][0-9]* events, [1-9][0-9]* actions: the same decisions\(; the journal ends before the run does\)*$/\1/p' "$tmp/out" |
        sort >"$tmp/replayed"
    want "$scenario: each journal must be replayed" cmp "$tmp/journals" "$tmp/replayed"
    here=$(wc -l <"$tmp/journals")
    journals=$((journals + here))
    [ "$here" -lt 2 ] || several=$((several + 1))
    count=$((count + 1))
done
need 6 scenarios "$count"
need 3 "runs with several coordinators" "$several"

# broken SCENARIO JOURNAL EXIT SENTENCE SED...: what replay says to a copy of a run directory in which
# sed changed one journal. The sentence is a pattern of grep.
broken() {
    rm -rf "$tmp/copy"
    cp -r "$tmp/$1" "$tmp/copy"
    broken_exit=$3 broken_sentence=$4 broken_journal=$2
    shift 4
    sed -i "$@" "$tmp/copy/$broken_journal"
    told "$broken_exit" "$broken_sentence" "sed $*"
}

# told EXIT SENTENCE WHAT: of $tmp/copy.
told() {
    code=0
    "$CAUCUS" replay "$tmp/copy" >"$tmp/out" 2>"$tmp/err" || code=$?
    want "$3: exit code must be $1, is $code" [ "$code" -eq "$1" ]
    cat "$tmp/out" "$tmp/err" >"$tmp/said"
    want "$3: must say: $2" grep -q -- "$2" "$tmp/said"
    if [ "$1" -eq 0 ]; then
        want "$3: nothing but results was expected" [ ! -s "$tmp/err" ]
    fi
    [ "$failures" -eq 0 ] || [ -n "${shown-}" ] || {
        shown=1
        cut -c 1-300 "$tmp/said"
    }
}

# line_of PATTERN: its first line in CONTOSO-FC1's journal.
line_of() {
    line=$(grep -n -m 1 -- "$1" "$tmp/contoso-fc1/journal.ndjson" | cut -d : -f 1)
    [ -n "$line" ] || fail "CONTOSO-FC1's journal must have a line with $1"
    echo "${line:-1}"
}

# One decision another one: which line, what was there and what is now.
j=journal.ndjson
at=$(line_of '"kind":"Suspend"')
broken contoso-fc1 $j 1 "^journal line $at differs:\$" "${at}s/\"Suspend\"/\"Install\"/"
want "the old line must be shown" grep -q '^  journal: .*"kind":"Install"' "$tmp/out"
want "the new line must be shown" grep -q '^  now:     .*"kind":"Suspend"' "$tmp/out"
at=$(line_of '"state":"Restarting"')
broken contoso-fc1 $j 1 "^journal line $at differs:\$" "${at}s/Restarting/Verifying/"
at=$(line_of '"kind":"Restart"')
broken contoso-fc1 $j 1 "^journal line $at differs:\$" "${at}s/\"node\":2/\"node\":1/"
# The policy in the header is what was decided by.
broken contoso-fc1 $j 1 '^journal line [0-9]* differs:$' \
    '1s/"drain_limit_ms":1800000/"drain_limit_ms":900000/'
# An event that was another one, and so what followed from it: the node's own answer to the install.
at=$(line_of '"kind":"Result".*"updates":\[')
broken contoso-fc1 $j 1 '^journal line [0-9]* differs:$' "${at}s/\"code\":\"OK\"/\"code\":\"Failed\"/"
# In the journal of another coordinator than the principal one.
broken two-coordinators-alive coordinators/0/journal.ndjson 1 \
    '^journal line [0-9]* differs:$' 's/"kind":"Suspend"/"kind":"Restart"/'
want "the journal must be named" grep -q 'coordinators/0/journal.ndjson: different$' "$tmp/out"

# Damaged: EXIT 65 and the line.
broken contoso-fc1 $j 65 'journal line 5: seq: must be 4, is 5$' 5d
broken contoso-fc1 $j 65 'journal line 7: ' '7s/.*/not json/'
broken contoso-fc1 $j 65 'journal line 9: ' '9s/"kind":"[A-Za-z]*"/"kind":"Nonsense"/'
broken contoso-fc1 $j 65 'journal line 6: ' '6s/.$//'
broken contoso-fc1 $j 65 'journal line 1: must begin with {"journal":1,$' 1d
broken contoso-fc1 $j 65 'journal line 1: core: must be [0-9]* to be replayed, is 77$' \
    '1s/"core":[0-9]*/"core":77/'
broken contoso-fc1 $j 65 'journal line 2: event.kind: the first event must be Start$' \
    '2s/"Start"/"Tick"/'
broken contoso-fc1 $j 65 'journal line 1: must be a header, is not there$' d

# A journal that breaks off is that of a coordinator that died: what is there is replayed.
rm -rf "$tmp/copy"
cp -r "$tmp/contoso-fc1" "$tmp/copy"
head -c 50000 "$tmp/contoso-fc1/journal.ndjson" >"$tmp/copy/journal.ndjson"
told 0 'the same decisions; the journal ends before the run does$' "a journal that breaks off"

# Nothing to replay, or nothing to read.
rm -rf "$tmp/copy"
told 65 'copy: no journal.ndjson in it; a run directory was expected$' "no directory"
mkdir "$tmp/copy"
told 65 'copy: no journal.ndjson in it; a run directory was expected$' "an empty directory"
mkdir "$tmp/copy/journal.ndjson"
told 65 'journal.ndjson: cannot be read: Is a directory$' "a directory for a journal"

finish "$journals journals of $count scenarios, $several of these with several coordinators;" \
    "$checks checks"
