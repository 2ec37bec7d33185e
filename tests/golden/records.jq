# What holds for the records of any run, and the report as their fold, told a second time in another
# language. Used by test_records.sh with --slurp on records.ndjson.

# Positions of the records that a filter takes.
def places(f): to_entries | map(select(.value | f) | .key);

def results: ["UpdateInstallResult", "UpdateStagingResult"];
def node_of: .Node // .NodeName;

# One sentence for each rule that is broken; `nodes` are those that must have a result.
def broken($nodes):
  . as $all
  | (if .[0].Type != "ActivityIdMap" then "ActivityIdMap must be the first record" else empty end),
    (if places(.Type == "ActivityIdMap") | length != 1 then "ActivityIdMap must be there once" else empty end),
    (if .[-1].Type != "ClusterResult" then "ClusterResult must be the last record" else empty end),
    (if places(.Type == "ClusterResult") | length != 1 then "ClusterResult must be there once" else empty end),
    (if .[0].RunId != .[-1].RunId then "RunId must be the same at both ends" else empty end),
    ([.[] | .Timestamp // .UpdateTimestamp] | if . != sort then "times must not go back" else empty end),
    ($nodes[] as $node
      | [$all | places(.Type == "NodeResult" and .Node == $node)] | flatten
      | if length != 1 then "\($node): one NodeResult was expected, \(length) it was" else empty end),
    ($all | to_entries[] | select(.value.Type == "NodeResult") as $result
      | $all[$result.key + 1:][] | select(node_of == $result.value.Node)
      | "\(node_of): \(.Type) comes after its NodeResult"),
    # An update is offered, then staged, then installed, on each node that it was installed on.
    ($all | to_entries[] | select(.value.Type == "UpdateInstallResult")
      | .key as $at | .value as $install
      | ["UpdateInfo", "UpdateStagingResult"] | map(. as $type
          | $all | places(.Type == $type and .NodeName == $install.NodeName
                          and .UpdateId == $install.UpdateId) | first)
      | if .[0] == null or .[1] == null or .[0] > .[1] or .[1] > $at
        then "\($install.NodeName), \($install.UpdateId): UpdateInfo, UpdateStagingResult and UpdateInstallResult must come in this order"
        else empty end),
    ($all | to_entries[] | select(.value.Type == "UpdateStagingResult")
      | .key as $at | .value as $stage
      | $all | places(.Type == "UpdateInfo" and .NodeName == $stage.NodeName
                      and .UpdateId == $stage.UpdateId) | first
      | if . == null or . > $at
        then "\($stage.NodeName), \($stage.UpdateId): staged without having been offered"
        else empty end);

# The last record of each update on a node, in the order of the last ones.
def installs($node):
  [.[] | select(.Type == "UpdateInstallResult" and .NodeName == $node)]
  | to_entries | group_by(.value.UpdateId) | map(.[-1]) | sort_by(.key)
  | map(.value | del(.Type));

# The node's states with the moments at which they began.
def timing($node):
  reduce (.[] | select(.Type == "NodeStatusNotification" and .Node == $node)) as $r
    ([]; if .[-1].State == $r.Status then .
         else . + [{State: $r.Status, Timestamp: $r.Timestamp}] end);

# The report without TransientInstallErrors.
def fold:
  . as $all
  | {ClusterResult: (.[-1] | {RunId, ClusterName, Status, StartTimestamp, RunDuration,
                              ErrorRecordData, Notes})}
  | .ClusterResult.NodeResults = [
      $all | reduce (.[] | node_of // empty) as $n ([]; if index($n) then . else . + [$n] end)
      | .[] as $node
      | ($all[] | select(.Type == "NodeResult" and .Node == $node) | del(.Type, .Timestamp))
        + {InstallResults: ($all | installs($node)),
           TimingBreakdownUTC: ($all | timing($node))}];

# Milliseconds of "hh:mm:ss.mmm" and of a moment.
def span_ms: capture("^(?<h>[0-9]+):(?<m>[0-9]{2}):(?<s>[0-9]{2})\\.(?<ms>[0-9]{3})$")
  | ((.h | tonumber) * 60 + (.m | tonumber)) * 60000 + (.s + .ms | tonumber);
def at_ms: (.[0:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
