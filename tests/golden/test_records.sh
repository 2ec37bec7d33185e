#!/bin/sh
# The record stream that scripts rely on: types, order, fields, and report.json as its fold, held to
# the fold that records.jq makes of the same lines.
. tests/golden/rig.sh
command -v jq >/dev/null || {
    echo "needs jq"
    exit 77
}
without_pictures

# Runs jq with the definitions of records.jq over a records.ndjson.
over() {
    over_file=$1
    shift
    jq --slurp -L tests/golden "$@" "$over_file"
}

# check NAME NODE...: all that holds for every whole run of one coordinator.
check() {
    name=$1
    shift
    dir=$tmp/$name
    run "$dir" "scenarios/$name.json" || fail "$name"
    nodes=$(printf '%s\n' "$@" | jq -R . | jq -s .)

    over "$dir/records.ndjson" -r --argjson nodes "$nodes" \
        'include "records"; broken($nodes)' >"$tmp/broken" || fail "$name: no stream of records"
    want "$name: rules of the stream are broken: $(cat "$tmp/broken")" [ ! -s "$tmp/broken" ]

    over "$dir/records.ndjson" 'include "records"; fold' >"$tmp/fold"
    jq 'del(.ClusterResult.NodeResults[].TransientInstallErrors)' "$dir/report.json" >"$tmp/report"
    diff "$tmp/fold" "$tmp/report" >"$tmp/diff" || {
        fail "$name: report.json must be the fold of records.ndjson"
        head -n 20 "$tmp/diff"
    }
    checks=$((checks + 1))

    code=0
    "$CAUCUS" simulate "scenarios/$name.json" --format json >"$tmp/stdout" 2>"$tmp/err" || code=$?
    want "$name: --format json must print records.ndjson" cmp "$tmp/stdout" "$dir/records.ndjson"
    want "$name: --format json must have the exit code of the run" [ "$code" -eq "$run_code" ]
    want "$name: nothing is said beside the records" [ ! -s "$tmp/err" ]
}

# holds NAME WHAT FILTER: the filter is true for the run's records (as $r) and its report.
holds() {
    checks=$((checks + 1))
    jq -e --slurpfile r "$tmp/$1/records.ndjson" -L tests/golden \
        "include \"records\"; .ClusterResult as \$c | $3" "$tmp/$1/report.json" >"$tmp/held" 2>&1 || {
        fail "$1: $2"
        head -n 5 "$tmp/held"
    }
}

all="CONTOSO-N1 CONTOSO-N2 CONTOSO-N3 CONTOSO-N4"

# shellcheck disable=SC2086
check contoso-fc1 $all
holds contoso-fc1 "all seven types and no other must occur" '([$r[].Type] | unique) == [
    "ActivityIdMap", "ClusterResult", "NodeResult", "NodeStatusNotification", "UpdateInfo",
    "UpdateInstallResult", "UpdateStagingResult"]'
holds contoso-fc1 "two updates on each of four nodes: offered, staged and installed once each" '
    [["UpdateInfo", "UpdateStagingResult", "UpdateInstallResult"][] as $t
        | [$r[] | select(.Type == $t) | .NodeName + " " + .UpdateId] | unique | length] == [8, 8, 8]
    and ([$r[] | select(.Type | startswith("Update"))] | length) == 24'
holds contoso-fc1 "the result of the cluster" '
    $c.Status == "Succeeded" and $c.ErrorRecordData == null and $c.ClusterName == "CONTOSO-FC1"
    and $c.StartTimestamp == "2030-01-01T00:00:00.000Z"
    and ($c.RunId | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))'
holds contoso-fc1 "RunDuration must reach from the start to the result" '
    ($c.RunDuration | span_ms)
        == ($r[-1].Timestamp | at_ms) - ($c.StartTimestamp | at_ms)'
holds contoso-fc1 "the results of the nodes" '
    ($c.NodeResults | map(.Node)) == ["CONTOSO-N1", "CONTOSO-N2", "CONTOSO-N3", "CONTOSO-N4"]
    and all($c.NodeResults[]; .Status == "Succeeded" and .ErrorRecordData == null
        and .NumberOfSucceededUpdates == 2 and .NumberOfFailedUpdates == 0
        and (.InstallResults | length) == 2 and .TransientInstallErrors == []
        and .Attempts == 1 and .Restarts == 1
        and .RestartPending == false and .LeftSuspended == false)'
holds contoso-fc1 "one node at a time: the results come in the order of the suspends" '
    [$r[] | select(.Type == "NodeResult") | .Node]
        == [$r[] | select(.Type == "NodeStatusNotification" and .Status == "Suspending") | .Node]'
holds contoso-fc1 "each install says whether it wants a restart" '
    all($c.NodeResults[].InstallResults[];
        .UpdateResultCode == "Succeeded" and .ErrorCode == 0
        and .RebootRequired == (.UpdateId == "KB5034441")
        and .UpdateTitle == "Security update " + .UpdateId
        and .Plugin == "Microsoft.WindowsUpdatePlugin")'

# shellcheck disable=SC2086
check contoso-fc1-two-plugins $all
holds contoso-fc1-two-plugins "the result of the cluster" \
    '$c.Status == "PartiallyFailed" and $c.ErrorRecordData == null'
holds contoso-fc1-two-plugins "plug-ins install in order, with a restart after each" '
    all(("CONTOSO-N1", "CONTOSO-N2", "CONTOSO-N3") as $n | [$r[] | select(node_of == $n)
            | if .Type == "UpdateInstallResult" then .Plugin
              elif .Status == "Restarting" then "restart" else empty end];
        . == ["Microsoft.WindowsUpdatePlugin", "restart", "Microsoft.HotfixPlugin", "restart"])'
holds contoso-fc1-two-plugins "the first plug-in failed on N4, so the second installed nothing" '
    $c.NodeResults[3] | .Node == "CONTOSO-N4" and .Status == "Failed" and .Attempts == 4
        and .ErrorRecordData.FullyQualifiedErrorId == "UpdateFailed"
        and (.ErrorRecordData.Message | length) > 10
        and .NumberOfSucceededUpdates == 0 and .NumberOfFailedUpdates == 1 and .Restarts == 0
        and (.InstallResults | map([.UpdateId, .UpdateResultCode, .ErrorCode]))
            == [["KB5034123", "Failed", -2145124329]]'
holds contoso-fc1-two-plugins "failures that were tried again are transient" '
    $c.NodeResults[3].TransientInstallErrors | map(select(.UpdateId))
        | length == 3 and all(.UpdateId == "KB5034123" and .ErrorCode == -2145124329)'
holds contoso-fc1-two-plugins "the long restart is announced" '
    all($r[] | select(.Type == "UpdateInstallResult"); .LongRebootHint == (.UpdateId == "HF-FIRMWARE"))'

# Other endings of a run.
check nothing-to-do node1 node2 node3
holds nothing-to-do "nothing was offered, all succeeded" '
    $c.Status == "Succeeded" and all($r[]; .Type | startswith("Update") | not)
    and all($c.NodeResults[]; .Status == "Succeeded" and .InstallResults == []
        and .NumberOfSucceededUpdates == 0 and .NodeSuspendedTimestamp == null)'
check stop-request node1 node2 node3 node4
holds stop-request "who did not begin is canceled" '
    $c.Status == "Canceled" and $c.ErrorRecordData.FullyQualifiedErrorId == "StopRequested"
    and ($c.NodeResults[1:] | all(.Status == "Canceled"))'
check more-failures-than-the-limit node1 node2 node3 node4 node5 node6
holds more-failures-than-the-limit "one more than the limit ends the run as Failed" '
    $c.Status == "Failed"
    and $c.ErrorRecordData.FullyQualifiedErrorId == "MaxFailedNodesExceeded"
    and ([$c.NodeResults[] | select(.Status == "Failed")] | length) == 2'

# The rules can be broken, and say so. SENTENCE | what is done to the stream
while IFS='|' read -r sentence change; do
    jq --slurp -c "$change | .[]" "$tmp/contoso-fc1/records.ndjson" >"$tmp/wrong.ndjson" ||
        fail "cannot be broken: $change"
    over "$tmp/wrong.ndjson" -r --argjson nodes '["CONTOSO-N1", "CONTOSO-N2"]' \
        'include "records"; broken($nodes)' >"$tmp/broken"
    want "the rules must say: $sentence" grep -q "$sentence" "$tmp/broken"
done <<'END'
ActivityIdMap must be the first|[.[1], .[0]] + .[2:]
ActivityIdMap must be there once|[.[0]] + .
ClusterResult must be the last|. + [.[-2]]
ClusterResult must be there once|. + [.[-1]]
RunId must be the same|.[-1].RunId = ""
CONTOSO-N2: one NodeResult was expected, 0|map(select(.Type != "NodeResult" or .Node != "CONTOSO-N2"))
CONTOSO-N1: one NodeResult was expected, 2|map(., select(.Type == "NodeResult" and .Node == "CONTOSO-N1"))
CONTOSO-N3: NodeStatusNotification comes after|.[0:-1] + [.[1] | .Node = "CONTOSO-N3"] + .[-1:]
N3, KB5034441: staged without having been offered|map(select(.Type != "UpdateInfo" or .NodeName != "CONTOSO-N3"))
N3, KB5034441: UpdateInfo, .* in this order|map(select(.Type != "UpdateStagingResult" or .NodeName != "CONTOSO-N3"))
times must not go back|.[0:20] + (.[20:40] | reverse) + .[40:]
END

# What a person reads instead has the same in it, notes and reasons included.
summary() {
    code=0
    "$CAUCUS" simulate "scenarios/$1.json" >"$tmp/summary" 2>/dev/null || code=$?
    want "$1: the summary must say: $2" grep -q -- "$2" "$tmp/summary"
    want "$1: no line of the summary may end with blanks" [ -z "$(grep ' $' "$tmp/summary")" ]
}
summary contoso-fc1 '^Status    Succeeded$'
summary contoso-fc1 '^CONTOSO-N3 *Succeeded *1 *1 *2 *0 *00:07:..\....$'
summary contoso-fc1-two-plugins '^CONTOSO-N4 *Failed .* UpdateFailed$'
summary contoso-fc1-recovery '^Note      a lock left by a dead run was cleared'
summary contoso-fc1-recovery '^CONTOSO-N1 .*(left suspended)$'
summary lock-held '^Because   Locked: another coordinator is updating this cluster'
summary two-coordinators-alive '^Coordinator c1: Failed, '

# A night on which the coordinator's node is off: nothing was recorded, and that can be looked at too, with pictures
# where they are built.
cat >"$tmp/off.json" <<'END'
{"caucus": 1, "name": "off", "cluster": {"name": "c"}, "nodes": [{"name": "n1"}, {"name": "n2", "online": false}],
 "updates": [{"id": "u", "install": "1m"}], "coordinators": [{"name": "c1", "node": "n2"}]}
END
ends 70 simulate "$tmp/off.json" --out "$tmp/off"
want "a run that nobody began: it must say so" grep -q '^No coordinator ever began' "$tmp/out"
for file in records.ndjson journal.ndjson report.json world.ndjson scenario.json manifest.json; do
    want "a run that nobody began: it must have $file" [ -f "$tmp/off/$file" ]
done
want "a run that nobody began has no records" [ ! -s "$tmp/off/records.ndjson" ]

finish "$checks checks"
