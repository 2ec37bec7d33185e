#!/bin/sh
# What every command says to wrong input: the exit code, and one sentence with what, where and what
# was expected. Nothing goes to stdout, nothing is left behind, nothing crashes.
. tests/golden/rig.sh
without_pictures
scenarios=$PWD/scenarios
wrong_scenarios=$PWD/tests/unit/wrong_scenarios.txt

# What a row may name, in a directory of its own.
chmod 755 "$tmp" "$tmp/bin"
mkdir "$tmp/here"
cd "$tmp/here"
here=$(pwd -P)
cp "$scenarios/contoso-fc1.json" "$scenarios/two-nodes-plain.json" .
run "$here/rundir" contoso-fc1.json || fail "contoso-fc1.json must run"
echo '{"caucus": 1,' >broken.json
: >empty.json
printf '{"caucus": 1, "cluster": {"name": "c"}, "nodes": 3}\0' >zero.json
head -c 100000 /dev/zero | tr '\0' '[' >deep.json
echo '{"caucus": 1, "cluster": {"name": "c"}, "nodes": 2, "policy": {"max_failed_nodes": 2}}' >policy.json
echo '{"campaign": 1, "scenario": "contoso-fc1.json"}' >plan.json
mkdir empty holds-a-file
mkdir -m 555 bare
echo x >holds-a-file/file
long=$(head -c 300 /dev/zero | tr '\0' a)
# shellcheck disable=SC2034 # a row of the table names it
text=$(head -c 5000 /dev/zero | tr '\0' a)

state() {
    find . -type f -exec cksum {} + | sort
    find . -type d | sort
}
state >"$tmp/before"

# row ARGUMENTS EXIT SENTENCE: the arguments are words of the shell. The sentence is all that is
# said; "+usage" after it stands for the lines that show how the command is used, "{here}" for this
# directory.
rows=0
row() {
    call "$1"
    judge "$@"
}

program=$plain
call() {
    eval "set -- $1"
    code=0
    "$program" "$@" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null || code=$?
}

# judge WHAT EXIT SENTENCE: what came of a call.
judge() {
    rows=$((rows + 1))
    want "caucus $1: exit code must be $2, is $code" [ "$code" -eq "$2" ]
    want "caucus $1: stdout must be empty" [ ! -s "$tmp/stdout" ]
    case $3 in
    *+usage)
        sed '/^usage: /,$d' "$tmp/stderr" >"$tmp/said"
        want "caucus $1: must show how it is used" grep -q '^usage: caucus ' "$tmp/stderr"
        ;;
    *) cp "$tmp/stderr" "$tmp/said" ;;
    esac
    printf '%s' "${3%+usage}" | sed "s|{here}|$here|" >"$tmp/expected"
    [ ! -s "$tmp/expected" ] || echo >>"$tmp/expected"
    cmp -s "$tmp/expected" "$tmp/said" || {
        fail "caucus $1: another sentence was expected"
        diff "$tmp/expected" "$tmp/said" | cut -c 1-300 || true
    }
    state >"$tmp/after"
    want "caucus $1: nothing may be left behind: $(diff "$tmp/before" "$tmp/after" | head -n 3)" \
        cmp -s "$tmp/before" "$tmp/after"
}

# ARGUMENTS | EXIT | SENTENCE
while IFS= read -r line; do
    case $line in
    '' | '#'*) continue ;;
    esac
    rest=${line#* | }
    row "${line%% | *}" "${rest%% | *}" "${rest#* | }"
done <<'END'
# simulate: words
simulate | 64 | caucus simulate: which scenario? `caucus simulate --help` says more
simulate contoso-fc1.json two-nodes-plain.json | 64 | caucus simulate: two-nodes-plain.json: one scenario only, and contoso-fc1.json is one
simulate contoso-fc1.json --nonsense | 64 | caucus simulate: --nonsense: no such option; `caucus simulate --help` lists all
simulate contoso-fc1.json --nonsense 1 | 64 | caucus simulate: --nonsense: no such option; `caucus simulate --help` lists all
simulate contoso-fc1.json -x | 64 | caucus simulate: -x: no such option; `caucus simulate --help` lists all
simulate contoso-fc1.json --seed=1 | 64 | caucus simulate: --seed=1: no such option; `caucus simulate --help` lists all
simulate contoso-fc1.json --max-failed-nodes 1 | 64 | caucus simulate: --max-failed-nodes: an option of the run, to be written --set policy.max_failed_nodes=VALUE
simulate contoso-fc1.json -RebootTimeoutMinutes 1 | 64 | caucus simulate: -RebootTimeoutMinutes: an option of the run, to be written --set policy.reboot_timeout_minutes=VALUE
simulate contoso-fc1.json --seed | 64 | caucus simulate: --seed: its value is missing
simulate contoso-fc1.json --out | 64 | caucus simulate: --out: its value is missing
simulate contoso-fc1.json --set | 64 | caucus simulate: --set: its value is missing
simulate contoso-fc1.json --seed -1 | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is -1
simulate contoso-fc1.json --seed 1x | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is 1x
simulate contoso-fc1.json --seed 0x10 | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is 0x10
simulate contoso-fc1.json --seed " 1" | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is  1
simulate contoso-fc1.json --seed 18446744073709551616 | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is 18446744073709551616
simulate contoso-fc1.json --engine fast | 64 | caucus simulate: --engine: must be simgrid or heap, is fast
simulate contoso-fc1.json --engine heap --context-factory raw | 64 | caucus simulate: --context-factory: belongs to the engine simgrid, this one is heap
simulate contoso-fc1.json --speed | 64 | caucus simulate: --speed: its value is missing
simulate contoso-fc1.json --speed 0 | 64 | caucus simulate: --speed: must be a number above 0, is 0
simulate contoso-fc1.json --speed -1 | 64 | caucus simulate: --speed: must be a number above 0, is -1
simulate contoso-fc1.json --speed nan | 64 | caucus simulate: --speed: must be a number above 0, is nan
simulate contoso-fc1.json --speed inf | 64 | caucus simulate: --speed: must be a number above 0, is inf
simulate contoso-fc1.json --speed 1e999 | 64 | caucus simulate: --speed: must be a number above 0, is 1e999
simulate contoso-fc1.json --speed 0x10 | 64 | caucus simulate: --speed: must be a number above 0, is 0x10
simulate contoso-fc1.json --speed fast | 64 | caucus simulate: --speed: must be a number above 0, is fast
simulate contoso-fc1.json --speed "" | 64 | caucus simulate: --speed: must be a number above 0, is 
simulate contoso-fc1.json --speed "6 0" | 64 | caucus simulate: --speed: must be a number above 0, is 6 0
simulate contoso-fc1.json --format xml | 64 | caucus simulate: --format: must be text or json, is xml

# simulate: files
simulate plan.json | 65 | caucus simulate: plan.json: is a campaign's plan; what is wanted here has "caucus": 1
campaign contoso-fc1.json --out new | 65 | caucus campaign: contoso-fc1.json: is a scenario; what is wanted here has "campaign": 1
simulate missing.json | 65 | caucus simulate: missing.json: No such file or directory
simulate empty | 65 | caucus simulate: empty: Is a directory
simulate contoso-fc1.json/x | 65 | caucus simulate: contoso-fc1.json/x: Not a directory
simulate broken.json | 65 | caucus simulate: broken.json: line 2, column 1: expected a key in quotes, found the end
simulate empty.json | 65 | caucus simulate: empty.json: line 1, column 1: expected a value, found the end
simulate zero.json | 65 | caucus simulate: zero.json: line 1, column 52: expected nothing more, found byte 0x00
simulate deep.json | 65 | caucus simulate: deep.json: line 1, column 65: expected at most 64 levels, found '['
simulate /dev/zero | 65 | caucus simulate: /dev/zero: File too large
simulate policy.json | 65 | caucus simulate: policy.json: policy.max_failed_nodes: must be 0..1 with 2 nodes, is 2
simulate policy.json --set policy.max_failed_nodes=3 | 65 | caucus simulate: policy.max_failed_nodes: must be 0..1 with 2 nodes, is 3

# simulate: options of the run
simulate contoso-fc1.json --set max_failed_nodes=1 | 65 | caucus simulate: "max_failed_nodes=1" must be policy.NAME=VALUE
simulate contoso-fc1.json --set policy.max_failed_nodes | 65 | caucus simulate: "policy.max_failed_nodes" must be policy.NAME=VALUE
simulate contoso-fc1.json --set "" | 65 | caucus simulate: "" must be policy.NAME=VALUE
simulate contoso-fc1.json --set nodes=5 | 65 | caucus simulate: "nodes=5" must be policy.NAME=VALUE
simulate contoso-fc1.json --set policy.nonsense=1 | 65 | caucus simulate: policy.nonsense: unknown option
simulate contoso-fc1.json --set policy.MaxFailedNodes=1 | 65 | caucus simulate: policy.MaxFailedNodes: unknown option; did you mean max_failed_nodes?
simulate contoso-fc1.json --set policy.max_failed_nodes= | 65 | caucus simulate: policy.max_failed_nodes: must be a whole number, 0..65534
simulate contoso-fc1.json --set policy.max_failed_nodes=1.5 | 65 | caucus simulate: policy.max_failed_nodes: must be a whole number, 0..65534
simulate contoso-fc1.json --set policy.max_failed_nodes=4 | 65 | caucus simulate: policy.max_failed_nodes: must be 0..3 with 4 nodes, is 4
simulate contoso-fc1.json --set policy.max_retries_per_node=65 | 65 | caucus simulate: policy.max_retries_per_node: must be 0..64, is 65
simulate contoso-fc1.json --set policy.max_parallel_nodes=0 | 65 | caucus simulate: policy.max_parallel_nodes: must be 1..65535, is 0
simulate contoso-fc1.json --set policy.stop_after=tomorrow | 65 | caucus simulate: policy.stop_after: must be minutes as a number, or "1h30m", "01:30:00" or "never", is "tomorrow"; units are d, h, m, s, ms, us, ns
simulate contoso-fc1.json --set policy.stop_after=0 | 65 | caucus simulate: policy.stop_after: must be 1ms..3650d
simulate contoso-fc1.json --set policy.force=yes | 65 | caucus simulate: policy.force: must be true or false
simulate contoso-fc1.json --set policy.failback_mode=later | 65 | caucus simulate: policy.failback_mode: must be one of Immediate, NoFailback, Policy
simulate contoso-fc1.json --set policy.node_order=CONTOSO-N1,X | 65 | caucus simulate: policy.node_order: there is no node "X"
simulate contoso-fc1.json --set policy.node_order=CONTOSO-N1,CONTOSO-N1 | 65 | caucus simulate: policy.node_order: node "CONTOSO-N1" is there twice
simulate contoso-fc1.json --set policy.node_order=CONTOSO-N1, | 65 | caucus simulate: policy.node_order: must not hold an empty name
simulate contoso-fc1.json --set policy.site_aware_updating_order=X | 65 | caucus simulate: policy.site_aware_updating_order: there is no site "X"
simulate contoso-fc1.json --set policy.cau_plugin_name=X | 65 | caucus simulate: policy.cau_plugin_name: there is no plug-in "X"
simulate contoso-fc1.json --set policy.cluster_name=OTHER | 65 | caucus simulate: policy.cluster_name: must be the scenario's, "CONTOSO-FC1", is "OTHER"
simulate contoso-fc1.json --set policy.exclude=CONTOSO-N1,CONTOSO-N2,CONTOSO-N3,CONTOSO-N4 | 65 | caucus simulate: policy.exclude: leaves no node to update
simulate contoso-fc1.json --set policy.reason=$text | 65 | caucus simulate: policy.reason: must have at most 4096 bytes, has 5000
simulate contoso-fc1.json --set policy.pre_update_script=/x | 65 | caucus simulate: policy.pre_update_script: needs scripts.pre, what it does here
# ... that do not go together
simulate contoso-fc1.json --set policy.force_pause_no_drain=true --set policy.force_pause_and_drain=true | 65 | caucus simulate: policy.force_pause_and_drain: does not go with force_pause_no_drain: at most one force_pause option
simulate contoso-fc1.json --set policy.force_recovery=true --set policy.max_failed_nodes=1 | 65 | caucus simulate: policy.max_failed_nodes: does not go with force_recovery
# ... that this version does not do
simulate contoso-fc1.json --set policy.attempt_soft_reboot=true --set policy.reboot_mode=SoftReboot | 65 | caucus simulate: policy.attempt_soft_reboot: does not go with a reboot_mode other than OrchestratorDefault
simulate contoso-fc1.json --set policy.reboot_mode=PluginCustomReboot | 65 | caucus simulate: policy.reboot_mode: PluginCustomReboot needs one of the run's plug-ins to have a restart of its own, plugins[].reboot
simulate contoso-fc1.json --set policy.only_failed_of=/nowhere | 65 | caucus simulate: policy.only_failed_of: /nowhere/report.json: cannot be read: No such file or directory
simulate contoso-fc1.json --set policy.credential=me: | 65 | caucus simulate: policy.credential: must be USER or USER:KEYFILE, is "me:"
simulate contoso-fc1.json --set policy.suspend_node=true | 65 | caucus simulate: policy.suspend_node: is for real clusters; a simulated node has updating_suspended
simulate contoso-fc1.json --set policy.what_if=perhaps | 65 | caucus simulate: policy.what_if: must be true or false

# simulate: the run directory
simulate contoso-fc1.json --out "" | 64 | caucus simulate: --out: must name a directory, is empty
simulate contoso-fc1.json --out rundir | 65 | caucus simulate: {here}/rundir: must be an empty or no directory, holds files (--force replaces a run directory)
simulate contoso-fc1.json --out holds-a-file | 65 | caucus simulate: {here}/holds-a-file: must be an empty or no directory, holds files (--force replaces a run directory)
simulate contoso-fc1.json --out holds-a-file --force | 65 | caucus simulate: {here}/holds-a-file: must be a run directory to be replaced, has no manifest.json
simulate contoso-fc1.json --out . --force | 65 | caucus simulate: {here}: must be a run directory to be replaced, has no manifest.json
simulate contoso-fc1.json --out empty.json | 65 | caucus simulate: {here}/empty.json: must be an empty or no directory: Not a directory
simulate contoso-fc1.json --out empty.json --force | 65 | caucus simulate: {here}/empty.json: must be an empty or no directory: Not a directory
simulate contoso-fc1.json --out missing/new | 65 | caucus simulate: missing/new: a run directory cannot be made there: No such file or directory
simulate contoso-fc1.json --out empty.json/new | 65 | caucus simulate: empty.json/new: must be an empty or no directory: Not a directory
simulate broken.json --out rundir --force | 65 | caucus simulate: broken.json: line 2, column 1: expected a key in quotes, found the end
simulate contoso-fc1.json --set policy.force=maybe --out new | 65 | caucus simulate: policy.force: must be true or false
simulate contoso-fc1.json --seed x --out new | 64 | caucus simulate: --seed: must be a whole number from 0 to 2^64-1, is x

# scenario
scenario | 64 | +usage
scenario nonsense contoso-fc1.json | 64 | caucus scenario: nonsense: must be check, expand, schema or test+usage
scenario check | 64 | caucus scenario: check: which file?
scenario test --engine heap | 64 | caucus scenario: test: which file?
scenario test --engine | 64 | caucus scenario: --engine: must be simgrid, heap or both, is missing
scenario test --engine fast contoso-fc1.json | 64 | caucus scenario: --engine: must be simgrid, heap or both, is fast
scenario test contoso-fc1.json --engine heap | 64 | caucus scenario: --engine: options come before the files
scenario check --engine heap contoso-fc1.json | 64 | caucus scenario: --engine: no such option of check
scenario expand contoso-fc1.json two-nodes-plain.json | 64 | caucus scenario: expand: one file only
scenario check missing.json | 65 | caucus scenario: missing.json: No such file or directory
scenario expand broken.json | 65 | caucus scenario: broken.json: line 2, column 1: expected a key in quotes, found the end
scenario test empty | 65 | caucus scenario: empty: Is a directory

# replay
replay | 64 | +usage
replay rundir rundir | 64 | +usage
replay missing | 65 | caucus replay: missing: no journal.ndjson in it; a run directory was expected
replay empty | 65 | caucus replay: empty: no journal.ndjson in it; a run directory was expected
replay empty.json | 65 | caucus replay: empty.json: no journal.ndjson in it; a run directory was expected
replay holds-a-file | 65 | caucus replay: holds-a-file: no journal.ndjson in it; a run directory was expected

# policy, man, and the front itself
nonsense | 64 | caucus: nonsense: no such command; `caucus --help` lists all
--nonsense | 64 | caucus: --nonsense: no such command; `caucus --help` lists all
policy | 64 | +usage
policy nonsense | 64 | caucus policy: nonsense: no such command; there are explain, set, validate and rare
policy explain force confirm | 64 | +usage
policy explain max_failed_node | 64 | caucus policy: max_failed_node: no such option; `caucus policy explain` lists all; did you mean max_failed_nodes?
policy explain nonsense | 64 | caucus policy: nonsense: no such option; `caucus policy explain` lists all
policy set | 64 | +usage
policy set new.json | 64 | +usage
policy set new.json force | 64 | caucus policy: force: must be NAME=VALUE
policy set new.json max_failed_node=1 | 64 | caucus policy: max_failed_node: no such option; `caucus policy explain` lists all; did you mean max_failed_nodes?
policy set new.json nonsense=1 | 64 | caucus policy: nonsense: no such option; `caucus policy explain` lists all
policy set new.json max_retries_per_node=65 | 65 | caucus policy: max_retries_per_node: must be 0..64, is 65
policy set new.json node_order=b1,b2,b1 | 65 | caucus policy: node_order: "b1" is there twice
policy set new.json exclude=b1,b1 | 65 | caucus policy: exclude: "b1" is there twice
policy set broken.json force=true | 65 | caucus policy: broken.json: line 2, column 1: expected a key in quotes, found the end
policy set missing/new.json force=true | 65 | caucus policy: missing/new.json: cannot be written: No such file or directory
policy set empty force=true | 65 | caucus policy: empty: cannot be read: Is a directory
policy validate | 64 | caucus policy: --on: a scenario must be given
policy validate --on | 64 | caucus policy: --on: a value must follow, or there is no such flag; see --help
policy validate --on contoso-fc1.json --fast 1 | 64 | caucus policy: --fast: there is no such flag; see --help
policy validate a.json b.json --on contoso-fc1.json | 64 | caucus policy: b.json: one profile is enough
policy validate --on contoso-fc1.json --runs 0 | 64 | caucus policy: --runs: must be a whole number, 1..10000000
policy validate --on contoso-fc1.json --jobs many | 64 | caucus policy: --jobs: must be a whole number, 1..1024
policy validate --on contoso-fc1.json --seed -1 | 64 | caucus policy: --seed: must be a whole number, 0..18446744073709551615
policy validate --on contoso-fc1.json --format csv | 64 | caucus policy: --format: must be text or json
policy validate --on contoso-fc1.json --require quorum_lost | 64 | caucus policy: --require: must be P(EVENT)<X, like 'P(quorum_lost)<1e-4', is quorum_lost
policy validate --on contoso-fc1.json --require "P(nonsense)<1%" | 64 | caucus policy: --require: nonsense is no event; they are failed, partially_failed, canceled, refused, node_failed, quorum_lost, left_suspended, not_ended, longer:TIME
policy validate --on contoso-fc1.json --require "P(failed)<0" | 64 | caucus policy: --require: X must be at least 1e-6 and less than 1, as in P(EVENT)<X, is P(failed)<0
policy validate --on contoso-fc1.json --require "P(longer:soon)<1%" | 64 | caucus policy: --require: longer:soon is no event; they are failed, partially_failed, canceled, refused, node_failed, quorum_lost, left_suspended, not_ended, longer:TIME
policy validate --on contoso-fc1.json --engine fast | 64 | caucus policy: --engine: must be heap or simgrid
policy validate --on missing.json | 65 | caucus policy: missing.json: No such file or directory
policy validate missing.json --on contoso-fc1.json | 65 | caucus policy: missing.json: cannot be read: No such file or directory
policy validate broken.json --on contoso-fc1.json | 65 | caucus policy: broken.json: line 2, column 1: expected a key in quotes, found the end
simulate contoso-fc1.json --decider kured --set policy.force=true | 64 | caucus simulate: --decider: a profile and --set policy... are the core's; kured has settings of its own, as NAME:SETTING=VALUE
policy rare | 64 | caucus policy: --on: a scenario must be given
policy rare --on contoso-fc1.json | 64 | caucus policy: --require: what must be shown has to be given
policy rare --on contoso-fc1.json --require "P(failed)<1e-3" --require "P(failed)<1e-4" | 64 | caucus policy: --require: once is enough
policy rare --on contoso-fc1.json --require failed | 64 | caucus policy: --require: must be P(EVENT)<X, like 'P(quorum_lost)<1e-4', is failed
policy rare --on contoso-fc1.json --half-width 0.1% | 64 | caucus policy: --half-width: must be at least 1% and less than 100%, like 20%
policy rare --on contoso-fc1.json --half-width wide | 64 | caucus policy: --half-width: must be at least 1% and less than 100%, like 20%
policy rare --on contoso-fc1.json --levels crashes | 64 | caucus policy: --levels: must be votes or failures
policy rare --on contoso-fc1.json --roots 1 | 64 | caucus policy: --roots: must be a whole number, 2..10000000
policy rare --on contoso-fc1.json --jobs 2000 | 64 | caucus policy: --jobs: must be a whole number, 1..1024
policy rare --on contoso-fc1.json --seed x | 64 | caucus policy: --seed: must be a whole number, 0..18446744073709551615
policy rare --on contoso-fc1.json --format csv | 64 | caucus policy: --format: must be text or json
policy rare --on contoso-fc1.json --engine heap | 64 | caucus policy: --engine: there is no such flag; see --help
policy rare a.json b.json --on contoso-fc1.json | 64 | caucus policy: b.json: one profile is enough
policy rare --on missing.json --require "P(failed)<1%" | 65 | caucus policy: missing.json: No such file or directory
policy rare missing.json --on contoso-fc1.json --require "P(failed)<1%" | 65 | caucus policy: missing.json: cannot be read: No such file or directory
simulate contoso-fc1.json --profile broken.json | 65 | caucus simulate: broken.json: line 2, column 1: expected a key in quotes, found the end
simulate contoso-fc1.json --run x | 64 | caucus simulate: --run: must be a whole number from 0 to 2^64-1, is x
man nonsense | 64 | +usage
"" | 64 | caucus: : no such command; `caucus --help` lists all
END

row "simulate contoso-fc1.json --out $long" 65 \
    "caucus simulate: $long: must be an empty or no directory: File name too long"
row "" 64 +usage
if [ "$CAUCUS_WITH_SIMGRID" = 1 ]; then
    row "simulate contoso-fc1.json --context-factory fast --out new" 65 \
        "caucus simulate: SimGrid: the context factory must be raw, boost, ucontext or thread"
else
    row "simulate contoso-fc1.json --engine simgrid --out new" 65 \
        "caucus simulate: engine: simgrid is not built into this program"
    row "scenario test --engine simgrid contoso-fc1.json" 65 \
        "caucus scenario: engine: simgrid is not built into this program"
fi

# Each wrong scenario that the reader's own test knows, as a file of a user.
sentence=
while IFS= read -r line; do
    case $line in
    '' | '#'*) continue ;;
    '> '* | '~ '*)
        sentence=${line#[~>] }
        continue
        ;;
    '+ '*) line="{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 3, ${line#+ }}" ;;
    esac
    printf '%s' "$line" >"$tmp/wrong.json"
    row "scenario check ../wrong.json" 65 "caucus scenario: ../wrong.json: $sentence"
done <"$wrong_scenarios"

# report is a program of its own; where it is not, the front says so.
row "report rundir" 70 \
    "caucus report: the program caucus-report that does this is not installed beside caucus: No such file or directory"
if [ -x "$(dirname "$CAUCUS")/caucus-report" ]; then
    program=$CAUCUS
    row "report" 64 "caucus report: a run directory must be given"
    row "report rundir rundir" 64 "caucus report: one run directory is enough"
    row "report rundir --format pdf" 64 "caucus report: --format: must be html, text, csv or junit"
    row "report rundir --format" 64 "caucus report: --format: html, text, csv or junit must follow"
    row "report rundir --table nodes" 64 "caucus report: --table: goes with --format csv only"
    row "report rundir --format csv --table node" 64 \
        "caucus report: --table: must be nodes, run, states, updates, errors, events, votes or roles"
    row "report rundir --dictionary" 64 "caucus report: --dictionary: goes with nothing else"
    row "report rundir --colour" 64 "caucus report: there is no such flag; see --help"
    row "report missing --format csv" 65 "caucus report: missing/records.ndjson: No such file or directory"
    row "report missing" 65 "caucus report: missing/records.ndjson: No such file or directory"
    row "report empty" 65 "caucus report: empty/records.ndjson: No such file or directory"
    program=$plain
fi

# Where one may not write. Root may everywhere, so it becomes somebody else.
as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
nobody=
if [ "$(id -u)" -ne 0 ]; then
    nobody='env'
elif $as_nobody true 2>"$tmp/err"; then
    nobody=$as_nobody
fi
# refused SENTENCE WORDS...: what he is told.
refused() {
    refused_with=$1
    shift
    code=0
    # shellcheck disable=SC2086
    $nobody timeout 60 "$plain" "$@" >"$tmp/stdout" 2>"$tmp/stderr" || code=$?
    judge "$* without permission" 65 "$refused_with"
}
if [ -n "$nobody" ]; then
    chmod 555 .
    refused "caucus simulate: new: a run directory cannot be made there: Permission denied" \
        simulate contoso-fc1.json --out new
    refused "caucus campaign: new: a run directory cannot be made there: Permission denied" \
        campaign plan.json --out new
    refused "caucus tune: new: Permission denied" tune contoso-fc1.json --out new
    chmod 755 .
    # Before the search, which would take hours.
    refused "caucus tune: bare: Permission denied" \
        tune contoso-fc1.json --out bare --runs 1000000 --held-out 10000000
    chmod 000 broken.json
    refused "caucus simulate: broken.json: Permission denied" simulate broken.json
    chmod 644 broken.json
else
    echo "left out: what happens without permission (no setpriv)"
fi

# A result that cannot be written is no success.
for arguments in "simulate contoso-fc1.json" "simulate contoso-fc1.json --format json" \
    "scenario expand contoso-fc1.json" "scenario check contoso-fc1.json" \
    "scenario test contoso-fc1.json" "replay rundir" "policy explain" man --help --version; do
    : >"$tmp/stdout"
    code=0
    # shellcheck disable=SC2086
    "$plain" $arguments >/dev/full 2>"$tmp/stderr" || code=$?
    sort -u -o "$tmp/stderr" "$tmp/stderr" # a test of two engines says it twice
    judge "$arguments, on a full disk" 70 "caucus: standard output: cannot be written whole"
done

need 100 "wrong inputs" "$rows"
finish "$rows wrong inputs, $checks checks"
