#!/bin/sh
# Rivals in campaigns and in single runs: the same nights for everybody, the same table however it was
# made, each row again by itself, as one run whole; what is wrong is said in one sentence.
. tests/golden/rig.sh
scenarios=$PWD/scenarios
# shellcheck disable=SC2034 # rig.sh's
cd "$tmp"

# call CODE WORDS...: `caucus campaign WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" campaign "$@"
}
# field POLICY RUN NAME: a value of a row
field() {
    awk -F, -v policy="$1" -v run="$2" -v name="$3" \
        'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } $2 == policy && $4 == run { print $at }' whole/results.csv
}
# total POLICY NAME: over its runs
total() {
    awk -F, -v policy="$1" -v name="$2" \
        'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } $2 == policy { n += $at } END { printf "%d", n }' whole/results.csv
}

# ---- the plan that is shipped, in small

jq --arg scenario "$scenarios/sixteen-on-a-bad-night.json" '.runs = 12 | .scenario = $scenario' \
    "$scenarios/campaigns/rivals.json" >plan.json
call 0 check plan.json
want "no note" [ "$(wc -l <out)" = 1 ]
jq '.policies[0].set = {max_parallel_nodes: 9}' plan.json >many.json
call 0 check many.json
want "more at once than quorum lets: $(cat out)" grep -q '^many.json: note: cell 0 (caucus): at most 8 nodes can be out at once before quorum would be lost; max_parallel_nodes 9 never takes effect beyond that$' out
jq '.factors = [{name: "most", path: "policy.max_parallel_nodes", values: [1, 9]}]' plan.json >many.json
call 0 check many.json
want "in one cell, of a policy that does not have it itself: $(cat out)" grep -q '^many.json: note: cell 8 (caucus, most=9): at most 8 ' out
call 0 plan.json --out whole --jobs 1
want "violations of rivals are told, and are no defect" \
    grep -q '^[0-9]* runs of other deciders broke an invariant: column violations$' out
call 0 plan.json --out two --jobs 2
want "two processes: the same table" cmp whole/results.csv two/results.csv
for i in 1 2 3; do call 0 plan.json --out "part$i" --shard "$i/3" --jobs 1; done
call 0 merge merged part1 part2 part3
want "three parts: the same table" cmp whole/results.csv merged/results.csv
call 0 verify whole
want "verify" grep -q '^8 runs were made again: equal bit for bit$' out
call 0 verify whole 5 3
rm whole/results.csv
call 0 plan.json --out whole # goes on with nothing
want "called again: the same table" cmp two/results.csv whole/results.csv

want "no invariant is broken by the core" [ "$(total caucus violations)$(total caucus-three violations)" = 00 ]
want "all of them are out at once: ansible as it is" [ "$(total ansible-as-it-is violations)" -gt 0 ]
want "ansible as it is ends soonest" [ "$(total ansible-as-it-is length_ms)" -lt "$(total caucus-three length_ms)" ]
want "and leaves roles without a place" [ "$(total ansible-as-it-is role_down_ms)" -gt "$((10 * $(total caucus role_down_ms)))" ]
want "the same weather in each row" [ "$(cut -d, -f4,5 whole/results.csv | sed 1d | awk -F, '$1 != $2' | wc -l)" = 0 ]
if command -v gnuplot >/dev/null; then
    call 0 report whole
    want "who breaks an invariant" grep -q '^ansible-as-it-is broke an invariant in 12 of 12 runs; .caucus campaign night .* --out NIGHT. says which' out
    want "each is compared with the first" grep -q '^mco against caucus, under the same weather' out
fi

# ---- a row as a run

without_pictures
code=0
"$plain" campaign night whole 4 3 --out night >out 2>err || code=$?
want "a run of a rival is no defect: $code" [ "$code" -lt 4 ]
want "who decided the night" [ "$(jq -r .decider night/manifest.json)" = ansible:serial=2,max_fail_percentage=50,retries=3 ]
want "the night has the row's outcome" [ "$(jq -r .ClusterResult.Status night/report.json)" = "$(field ansible 3 outcome)" ]
call 0 cell whole 4
cp out cell.json
want "who decides in the cell: $(cat err)" grep -q -- '--run R --decider ansible:serial=2,max_fail_percentage=50,retries=3`$' err
"$plain" simulate cell.json --engine heap --run 3 --decider ansible:serial=2,max_fail_percentage=50,retries=3 --out by-hand >out 2>err || :
want "the cell's scenario gives the same night" cmp night/trace.txt by-hand/trace.txt
CAUCUS=$plain sh night/cmd.sh --out again >out 2>err || :
want "made again by its own command" cmp night/trace.txt again/trace.txt
ends 65 replay night
want "no replay by the core" grep -q 'ansible:.* decided this run, not the core' err

# ---- a setting that varies

jq '.policies |= map(select(.name == "caucus" or .name == "ansible")) | .runs = 6 | .factors =
    [{name: "batch", path: "settings.serial", values: [1, "25%"]}]' plan.json >batches.json
call 0 batches.json --out batches
call 0 verify batches
want "four cells" grep -q '^4 runs were made again: equal bit for bit$' out
# of POLICY BATCH: what its runs were
of() {
    awk -F, -v policy="$1" -v batch="$2" '$2 == policy && $3 == batch' batches/results.csv | cut -d, -f5-
}
want "a rival takes another batch" [ "$(of ansible 1)" != "$(of ansible 25%)" ]
want "the core has none" [ "$(of caucus 1)" = "$(of caucus 25%)" ]
code=0
"$plain" campaign night batches 3 2 --out batch-night >out 2>err || code=$?
want "a night of it: $code" [ "$code" -lt 4 ]
want "with its setting" [ "$(jq -r .decider batch-night/manifest.json)" = "ansible:serial=25%,max_fail_percentage=50,retries=3" ]

# ---- single runs

ends 0 simulate "$scenarios/contoso-fc1.json" --engine heap --decider by-hand
ends 0 simulate "$scenarios/contoso-fc1.json" --engine heap --decider core
ends 0 simulate "$scenarios/contoso-fc1.json" --engine heap --decider ansible
want "which invariant" grep -q '^caucus simulate: ansible broke an invariant: at .* S2: suspend of ' err
call 0 deciders
want "the settings" grep -q '^  maxUnavailable  *1  *nodes that may be unavailable at once$' out

# ---- many runs, counted

night=$scenarios/a-bad-night.json
counted() {
    ends 0 policy validate --on "$night" --runs 300 "$@"
}
counted --decider ansible:serial=2 --format json --jobs 1
cp out one.json
counted --decider ansible:serial=2 --format json --jobs 3
want "as many processes as there may be" cmp one.json out
want "who decides" [ "$(jq -r .Decider out)" = ansible:serial=2 ]
want "what it breaks is a finding" [ "$(jq .Violations out)" -gt 0 ]
counted --decider ansible:serial=1 --format json
want "its settings matter" [ "$(jq -c .Events out)" != "$(jq -c .Events one.json)" ]
counted --format json
want "the core breaks nothing" [ "$(jq -c '[.Decider, .Violations]' out)" = '["core",0]' ]
counted --decider ansible:serial=2
want "said in words" grep -q '^Decider   ansible:serial=2; [0-9]* runs broke an invariant$' out
grep '^  caucus simulate ' out | sed "s|  caucus|'$CAUCUS'|" >named.sh
code=0
sh named.sh >named.txt 2>&1 || code=$?
want "$(cat named.sh): must not go well: $code" [ "$((code >= 1 && code < 4))" = 1 ]

# ---- wrong

# wrong SENTENCE JQ: the plan changed like this
wrong() {
    jq "$2" plan.json >wrong.json
    call 65 check wrong.json
    want "$2: $(cat err)" grep -qF -- "$1" err
}
wrong 'policies[3].decider: must be core, cau, kured, ansible, mco or by-hand, is "kuredd"' '.policies[3].decider = "kuredd"'
wrong 'policies[4].settings.seriall: ansible has no such setting; it has give_up, serial' '.policies[4].settings = {seriall: 2}'
wrong 'policies[4].settings.serial: must be a whole number, 1..65535, or a share like "25%", is 0' '.policies[4].settings.serial = 0'
wrong 'policies[6].settings: must be an object of settings' '.policies[6].settings = 3'
wrong 'policies[6].set: is for the core; another decider has settings' '.policies[6].set = {max_failed_nodes: 1}'
wrong "factors[0].path: no policy's decider has a setting \"seriall\"; \`caucus campaign deciders\` lists them" '.factors = [{name: "x", path: "settings.seriall", values: [1]}]'
wrong 'settings.serial: must be a whole number, 1..65535, or a share like "25%", is 0' '.factors = [{name: "x", path: "settings.serial", values: [1, 0]}]'
wrong "policies[0].settings: are a rival's; the core has options" '.policies[0].settings = {serial: 1}'
ends 64 simulate "$scenarios/contoso-fc1.json" --decider
ends 64 simulate "$scenarios/contoso-fc1.json" --decider nobody
ends 64 simulate "$scenarios/contoso-fc1.json" --decider kured:period=soon
want "a wrong setting" grep -q '^caucus simulate: --decider: settings.period: must be a duration, "1s".."7d", is "soon"$' err
ends 64 simulate "$scenarios/contoso-fc1.json" --decider mco --speed 60
jq '.policy.what_if = true' "$scenarios/contoso-fc1.json" >what-if.json
ends 64 simulate what-if.json --decider mco
want "no what-if" grep -q "what_if and force_recovery are the core's, mco only updates" err
ends 64 policy validate --on what-if.json --decider mco
want "no what-if" grep -q "what_if and force_recovery are the core's, a rival only updates" err
ends 64 policy validate --on "$night" --decider nobody
want "an unknown one" grep -q '^caucus policy: --decider: must be core, cau, kured, ' err
echo '{"max_failed_nodes": 1}' >profile.json
ends 64 policy validate profile.json --on "$night" --decider mco
want "no profile" grep -q "^caucus policy: --decider: a profile is the core's" err
ends 64 policy rare --on "$night" --require 'P(failed)<1e-3' --decider mco
want "no copies" grep -q "^caucus policy: --decider: only the core's runs are copied; " err
ends 64 tune "$night" --out tuned --decider mco
want "nothing to tune" grep -q "^caucus tune: --decider: the core's options are what is tuned; " err
want "nothing half-done" [ ! -e tuned ]
finish "rivals: $checks checks"
