#!/bin/sh
# What the commands of a real run say to wrong input before any cluster is asked: the exit code, one
# sentence, nothing on stdout, nothing left behind. And their help.
. tests/golden/rig.sh
run=$(dirname "$CAUCUS")/caucus-run
[ -x "$run" ] || {
    echo "caucus-run is not built here"
    exit 77
}
mkdir "$tmp/here"
cd "$tmp/here"
CAUCUS_RUNS=$tmp/here/runs
export CAUCUS_RUNS
unset CAUCUS_TESTBED
XDG_CACHE_HOME=$tmp/here/cache
export XDG_CACHE_HOME

echo '{"max_failed_nodes": 1, "reboot_timeout_minutes": 10, "cau_plugin_name": ["apt"],
       "cau_plugin_arguments": [{"Select": "security", "Query": ["lib*", "ssh"]}]}' >good.json
echo '{"max_failed_node": 1}' >unknown.json
echo '{"max_failed_nodes": "many"}' >wrong.json
echo '{"max_failed_nodes": 1, "max_failed_nodes": 1}' >twice.json
echo '[1]' >list.json
echo '{"a": ' >broken.json
echo '{"cau_plugin_arguments": [{"Select": {}}]}' >nested.json
echo '{"cau_plugin_arguments": {"Select": "all"}}' >table.json
echo '{"force_recovery": true, "node_order": ["n1"]}' >both.json
echo '{"caucus_cluster": 2}' >cluster.json
mkdir empty

state() {
    find . -type f -exec cksum {} + | sort
    find . -type d | sort
}
mkdir runs
state >"$tmp/before"

rows=0
# check WORDS EXIT SENTENCE
check() {
    rows=$((rows + 1))
    words=$1 expected_code=$2 expected=$3
    eval "set -- $words"
    code=0
    "$CAUCUS" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || code=$?
    want "caucus $words: exit code must be $expected_code, is $code" [ "$code" -eq "$expected_code" ]
    want "caucus $words: stdout must be empty" [ ! -s "$tmp/stdout" ]
    echo "$expected" >"$tmp/expected"
    cmp -s "$tmp/expected" "$tmp/stderr" || {
        fail "caucus $words: another sentence was expected"
        diff "$tmp/expected" "$tmp/stderr" || true
    }
    state >"$tmp/after"
    want "caucus $words: nothing may be left behind: $(diff "$tmp/before" "$tmp/after" | head -n 3)" \
        cmp -s "$tmp/before" "$tmp/after"
}

# ARGUMENTS | EXIT | SENTENCE
while IFS= read -r line; do
    case $line in
    '' | '#'*) continue ;;
    esac
    rest=${line#* | }
    check "${line%% | *}" "${rest%% | *}" "${rest#* | }"
done <<'END'
# words
run | 64 | caucus run: which cluster? `caucus run --help` says more
status | 64 | caucus status: which cluster? `caucus status --help` says more
lock show | 64 | caucus lock: which cluster? `caucus lock --help` says more
run a b | 64 | caucus run: b: one cluster only, and a is one
run c --no-such | 64 | caucus run: --no-such: no such option; `caucus run --help` lists all
run c --out | 64 | caucus run: --out: its value is missing
run c --out '' | 64 | caucus run: --out: must not be empty
run c --progress=1 | 64 | caucus run: --progress: takes no value
run c --format xml | 64 | caucus run: --format: must be text or json, is xml
run c --backend windows | 64 | caucus run: --backend: must be pacemaker or local, is windows
status c --max-failed-nodes 1 | 64 | caucus status: --max-failed-nodes: no such option; `caucus status --help` lists all
scan c --force | 64 | caucus scan: --force: no such option; `caucus scan --help` lists all
# options: the same table as in files
run c --force --max-failed-nodes many | 64 | caucus run: max_failed_nodes: must be a whole number, 0..65534
run c --force --MaxRetriesPerNode 65 | 64 | caucus run: max_retries_per_node: must be 0..64, is 65
run c --force --set policy.max_retries_per_node=65 | 64 | caucus run: max_retries_per_node: must be 0..64, is 65
run c --force --set max_retries_per_node=1 | 64 | caucus run: --set: must be policy.NAME=VALUE
run c --force --set policy.no_such=1 | 64 | caucus run: policy.no_such=1: unknown option
run c --force --set policy.max_failed_node=1 | 64 | caucus run: policy.max_failed_node=1: unknown option; did you mean max_failed_nodes?
run c --force --force-pause-no-drain --force-pause-and-drain | 64 | caucus run: force_pause_and_drain: does not go with force_pause_no_drain: at most one force_pause option
run c --what-if --take-over | 64 | caucus run: --take-over: does not go with --what-if, which takes nothing over
run c --what-if --force-recovery | 64 | caucus run: what_if: does not go with force_recovery
run c --force --cau-plugin-arguments Select | 64 | caucus run: cau_plugin_arguments: must be Name=Value;Name=Value, is "Select"
recover c --force --node-order n1 | 64 | caucus recover: node_order: does not go with force_recovery
run c --force --force-recovery --stop-after 1 | 64 | caucus run: stop_after: does not go with force_recovery
# profiles
run c --force --profile nowhere.json | 65 | caucus run: nowhere.json: cannot be read: No such file or directory
run c --force --profile unknown.json | 65 | caucus run: unknown.json: max_failed_node: unknown key; did you mean max_failed_nodes?
run c --force --profile wrong.json | 65 | caucus run: wrong.json: max_failed_nodes: must be a whole number, 0..65534
run c --force --profile twice.json | 65 | caucus run: twice.json: max_failed_nodes: is there twice
run c --force --profile list.json | 65 | caucus run: list.json: must be an object, is a list
run c --force --profile nested.json | 65 | caucus run: nested.json: cau_plugin_arguments[0].Select: must be a text, a number, true, false, or a list of these
run c --force --profile table.json | 65 | caucus run: table.json: cau_plugin_arguments: must be a list of objects, one for each plug-in
run c --force --profile both.json | 65 | caucus run: both.json: node_order: does not go with force_recovery
# asking, and what goes with what
run c | 64 | caucus run: nobody can be asked here: give --force, or run it on a terminal
recover c | 64 | caucus recover: nobody can be asked here: give --force, or run it on a terminal
run c --force --resume empty --max-failed-nodes 1 | 64 | caucus run: --resume: goes on with the options of that run; give none
run c --force --resume empty --profile good.json | 64 | caucus run: --resume: goes on with the options of that run; give none
run c --force --resume empty --take-over | 64 | caucus run: --resume: does not go with --take-over or --when-expired
run c --force --take-over --when-expired | 64 | caucus run: --take-over: does not go with --when-expired
run c --force --resume empty --out x | 64 | caucus run: --out: does not go with --resume: the run has its directory
run c --force --if-any | 64 | caucus run: --if-any: goes with --resume only
run c --force --resume empty | 65 | caucus run: empty/manifest.json: cannot be read: No such file or directory
run c --force --resume | 65 | caucus run: --resume: this host has no run of c that was cut short; a run of another host is continued by --take-over
run --force --resume | 65 | caucus run: --resume: this host has no run that was cut short; a run of another host is continued by --take-over
lock steal c | 64 | caucus lock: steal: must be show, take or release
lock show c -- true | 64 | caucus lock: --: goes with take only
lock take c -- | 64 | caucus lock: --: a command must follow
END

code=0
"$CAUCUS" run --resume --if-any --force >"$tmp/out" 2>&1 </dev/null || code=$?
want "run --resume --if-any: exit code must be 0, is $code" [ "$code" -eq 0 ]
want "run --resume --if-any: must say nothing" [ ! -s "$tmp/out" ]

# Every command has a help that names its flags, and the front knows it.
for command in run scan status stop pause continue recover lock; do
    want "caucus $command --help must work" "$CAUCUS" "$command" --help >"$tmp/help" 2>&1
    want "caucus $command --help must show its use" grep -q "^usage: caucus $command" "$tmp/help"
    want "caucus $command --help must name --backend" grep -q -e "--backend" "$tmp/help"
done
"$CAUCUS" --help >"$tmp/help"
for command in run scan status stop pause continue recover lock testbed; do
    want "caucus --help must name $command" grep -q "caucus $command " "$tmp/help"
done
want "caucus run --help must list the options" \
    sh -c '"$1" run --help | grep -q -e --max-failed-nodes' sh "$CAUCUS"

need 40 rows "$rows"
finish "$rows wrong inputs, each with its sentence"
