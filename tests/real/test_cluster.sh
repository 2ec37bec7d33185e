#!/bin/bash
# test_cluster.sh - the real cluster in the everyday run, on one testbed of three nodes: a race of two
# coordinators, a clean run, a run in which a node loses its power while it installs; and afterwards nothing is
# left, neither in the cluster nor, when the testbed is down, on this machine.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/real/race.sh
. "$real/race.sh"

machine >"$work/machine"
bed_up "$real/three.json"
remember_packages
places >"$work/places"
[ "$(wc -l <"$work/places")" -ge 4 ] || fail "the roles of the scenario do not run: $(cat "$work/places")"

mark
boots >"$work/boots"
run_start clean
run_wait "$pid"
[ "$code" = 0 ] || { show_run clean; fail "the clean run ended with $code"; }
check_report "$work/clean/run/report.json"
check_installed_once
check_booted 1
[ "$(boots | diff "$work/boots" - | grep -c '^>')" = 3 ] || fail "not every node has a new boot id"
places | diff "$work/places" - >&2 || fail "a role is not back where it was"
check_at_rest
check_replay "$work/clean/run"
until_true 10 "the helper's sessions are still there" no_helpers
for node in "${nodes[@]}"; do
    on "$node" sh -c 'cat /var/lib/caucus/runs/*/report.json' | jq -e '.ClusterResult.Status == "Succeeded"' \
        >/dev/null || fail "$node has no report of the run"
done
say "clean run: $(jq -r .ClusterResult.RunDuration "$work/clean/run/report.json")"

declare -A wins=() at=()
n=1
for node in "${nodes[@]:0:2}"; do racer_up "$node"; done
race "${nodes[0]}" "${nodes[1]}"
check_at_rest
say "race: one winner, ${!wins[*]}; the loser lost at its ${!at[*]}"

forget_updates
mark
run_start crash
until_true 120 "nothing was installed" recorded crash '"Status":"Installing"'
victim=$(grep -m 1 '"Status":"Installing"' "$work/crash/records" | jq -r .Node)
until_true 30 "dpkg was not at work" on "$victim" grep -q ' configure ' /var/log/dpkg.log
"$tools/order" reset "$victim" >/dev/null
run_wait "$pid"
[ "$code" = 0 ] || { show_run crash; fail "the run with the crash ended with $code"; }
jq -e --arg node "$victim" '.ClusterResult.NodeResults[] | select(.Node == $node) |
    .Status == "Succeeded" and .Attempts > 1' "$work/crash/run/report.json" >/dev/null ||
    fail "$victim lost its power, and the report does not say that it was tried again: $(
        jq -c '.ClusterResult.NodeResults[] | [.Node, .Status, .Attempts]' "$work/crash/run/report.json" | tr '\n' ' ')"
for node in "${nodes[@]}"; do
    for package in $(expected_packages "$node"); do check_installed "$node" "$package"; done
done
places | diff "$work/places" - >&2 || fail "a role is not back where it was, after the crash"
check_at_rest
check_replay "$work/crash/run"
say "run with a crash of $victim: $(jq -r .ClusterResult.RunDuration "$work/crash/run/report.json")"

forget_updates
# The configuration with its epoch, which counts each write to it; read to its end, or the writer would be killed.
cib() { on "${nodes[0]}" cibadmin --query | sed '/<status>/,$d; s/ num_updates="[0-9]*"//'; }
cib >"$work/cib"
"$caucus" run testbed --what-if >"$work/said" 2>&1 || fail "--what-if ended with $?: $(cat "$work/said")"
[ "$(grep -c '^ *[123]  node[123] is updated:' "$work/said")" = 3 ] || fail "--what-if foresees something else: $(cat "$work/said")"
cib | diff "$work/cib" - >&2 || fail "--what-if wrote to the cluster"
say "what would be done was told, and nothing was done"

"$caucus" run testbed --suspend-node node2 >"$work/said" || fail "node2 could not be left out: $(cat "$work/said")"
"$caucus" status testbed | grep -q '^node2 .*left out of runs' || fail "status does not say that node2 is left out"
run_start left-out
run_wait "$pid"
[ "$code" = 0 ] || { show_run left-out; fail "the run without node2 ended with $code"; }
jq -e '[.ClusterResult.NodeResults[] | [.Status, .ErrorRecordData.FullyQualifiedErrorId]] ==
    [["Succeeded", null], ["Canceled", "Excluded"], ["Succeeded", null]]' "$work/left-out/run/report.json" >/dev/null ||
    fail "node2 was not left out: $(jq -c '.ClusterResult.NodeResults[] | [.Node, .Status]' "$work/left-out/run/report.json")"
"$caucus" run testbed --resume-node node2 >"$work/said" || fail "node2 could not be taken in: $(cat "$work/said")"
! "$caucus" status testbed | grep 'left out' >/dev/null || fail "status says that a node is still left out"
say "node2 was left out of a run"

bed_down
machine | diff "$work/machine" - >&2 || fail "the testbed left something on this machine"
say "all well"
