#!/bin/sh
# test_exec.sh - the plug-in exec, and the job that asks plug-ins, through the program caucus-node.
set -eu
helper=$CAUCUS_BUILD/bin/caucus-node
if [ ! -x "$helper" ]; then
    echo "cannot run here: there is no caucus-node"
    exit 77
fi
CAUCUS_NODE_ROOT=$(mktemp -d)
export CAUCUS_NODE_ROOT
trap 'rm -rf "$CAUCUS_NODE_ROOT"' EXIT
here=$CAUCUS_NODE_ROOT
said=$here/said

failed=0
check() { # WHAT JQ-EXPRESSION: over the list of lines that were said
    if jq -es "$2" "$said" >/dev/null; then
        echo "ok      $1"
    else
        echo "FAILED  $1: $2"
        sed 's/^/        /' "$said"
        failed=1
    fi
}
try() { # VERB WORDS...
    "$helper" plugin exec --try "$@" >"$said" 2>&1 || true
}
ends() { # CODE: a command that ends with it
    printf '["/bin/sh","-c","echo talk; echo last words >&2; exit %s"]' "$1"
}
one='[.[].update | select(.)] | select(length == 1) | .[0]'
none='[.[].update | select(.)] == []'

# ---- exit codes: code, what becomes of it ----
while read -r code outcome restart error; do
    try Install --update u Id=u "Command=$(ends "$code")" AlreadyInstalled=17,273 NotApplicable=18
    check "exit code $code: $outcome, restart $restart" \
        "$one | .outcome == \"$outcome\" and (.restart // false) == $restart and (.error // 0) == $error"
done <<'END'
0 Succeeded false 0
194 Succeeded true 0
195 Succeeded true 0
201 Failed true 201
17 Succeeded false 0
18 Succeeded false 0
1 Failed false 1
END
check "a failure comes with its last words" '.[].update | select(.) | .description | test("last words")'
try Install --update u Id=u "Command=$(ends 9)" Success=0,9
check "Success is a list" "$one | .outcome == \"Succeeded\""
try Install --update u Id=u Command=/no/such/program
check "a command that is not there" "$one | .outcome == \"Failed\" and (.description | test(\"cannot be started: No such file\"))"
try Install --update u Id=u 'Command=["/bin/sleep","3600"]' Timeout=100ms
check "a command that takes too long" "$one | .outcome == \"Failed\" and (.description | test(\"Timeout\"))"
try Install --update u Id=u 'Command=["/bin/sh","-c","kill -9 $$"]'
check "a command that is killed" "$one | .outcome == \"Failed\" and .error == 137"
try Install --update u Id=u Command=/bin/echo 'Argument=$(touch x); *' 'Argument=b c'
check "no shell reads the words" 'any(.[]; .progress == "$(touch x); * b c")'

# ---- arguments ----
while read -r words; do
    eval "try Scan $words"
    check "refused: $words" '.[-1].result == "failed" and (.[-1].text | test("argument"))'
done <<'END'
Id=u
Command=relative
Command='["/bin/true"'
Command='["/bin/true",1]'
Command=/bin/true Success=0,x
Command=/bin/true Timeout=0
Command=/bin/true Check=true
Command=/bin/true Id=
Command=/bin/true Nothing=1
END

# ---- what is to do ----
try Scan Command=/bin/true Argument=a Title=Firmware
check "offered under a name of its own" "$one | (.id | test(\"^true-[0-9a-f]{8}$\")) and .title == \"Firmware\""
try Scan --run r1 Id=u Command=/bin/true
check "offered in a run" "$one | .id == \"u\""
try Install --run r1 --update u Id=u Command=/bin/true
try Scan --run r1 Id=u Command=/bin/true
check "done in this run" "$none and .[-1].result == \"ok\""
try Scan --run r1 Id=v Command=/bin/true
check "another one is not" "$one | .id == \"v\""
try Install --run r1 --update v Id=v Command=/bin/true
try Scan --run r1 Id=u Command=/bin/true
check "both are remembered" "$none"
try Scan --run r2 Id=u Command=/bin/true
check "another run does it again" "$one"
try Install --run r2 --update u Id=u Command=/bin/false
try Scan --run r2 Id=u Command=/bin/true
check "what failed is not done" "$one"
try Scan --run r1 Id=u Command=/bin/true Check=/bin/false
check "Check says that it is to do" "$one"
try Scan Id=u Command=/bin/true Check='["/bin/true","x"]'
check "Check says that it is done" "$none and .[-1].result == \"ok\""
try Probe --update u Id=u Command=/bin/true Check=/bin/false
check "probing" "$one | .outcome == \"Failed\""
try Install --update other Id=u Command=/bin/true
check "only what these arguments are is installed" '.[-1].text | test("another was asked for")'

# ---- as a job of a session ----
run=00000000-0000-0001-0000-000000000002
key=00000000000000030000000000000004:0000000000000005
exec="\"plugin\":\"exec\",\"arguments\":[{\"name\":\"Command\",\"value\":\"/bin/sh\"},{\"name\":\"Argument\",\"value\":\"-c\"},{\"name\":\"Argument\",\"value\":\"exit 194\"},{\"name\":\"Id\",\"value\":\"u\"}]"
mkfifo "$here/down" "$here/up"
asked() { # REQUEST: what a session says to it, up to the end
    "$helper" session --clusterless <"$here/down" >"$here/up" &
    exec 3>"$here/down" 4<"$here/up"
    echo "$1" >&3
    : >"$said"
    while read -r line <&4; do
        echo "$line" >>"$said"
        case $line in *'"kind":"End"'*) break ;; esac
    done
    exec 3>&- 4<&-
    wait $!
}
ended='(.[-1].code // "OK")'
lock=$key:Held:00000000000000010000000000000002:1900000000000

asked "{\"n\":1,\"verb\":\"Scan\",$exec}"
check "a scan outside a run needs no lock" "$one | .id == \"u\" and .title == \"u\""
check "and ends well" "$ended == \"OK\""
asked "{\"n\":1,\"verb\":\"Scan\",\"key\":\"$key\",$exec}"
check "a scan with a key does" "$ended == \"Stale\" and $none"
asked "{\"n\":1,\"verb\":\"Install\",$exec,\"updates\":[{\"id\":\"u\"}]}"
check "an installation without a key is stale" "$ended == \"Stale\""
asked "{\"n\":1,\"verb\":\"LockWrite\",\"key\":\"$key\",\"expect\":\"\",\"want\":\"$lock\",\"progress\":\"\"}"
check "the lock is taken" "$ended == \"OK\""
asked "{\"n\":1,\"verb\":\"Scan\",\"key\":\"$key\",\"run\":\"$run\",$exec}"
check "under the lock" "$one | .id == \"u\""
asked "{\"n\":1,\"verb\":\"Stage\",\"key\":\"$key\",\"run\":\"$run\",$exec,\"updates\":[{\"id\":\"u\"}]}"
check "a plug-in without Stage is ready" "$one | .outcome == \"Succeeded\""
asked "{\"n\":1,\"verb\":\"Install\",\"key\":\"$key\",\"run\":\"$run\",$exec,\"updates\":[{\"id\":\"u\"}]}"
check "installed, a restart is needed" "$one | .outcome == \"Succeeded\" and .restart"
[ "$(cat "$here/run/caucus/restart-required")" = exec ] && echo "ok      the node is told" || failed=1
asked "{\"n\":1,\"verb\":\"Scan\",\"key\":\"$key\",\"run\":\"$run\",$exec}"
check "not offered again in this run, but told as installed" "$one | .outcome == \"Succeeded\""
asked "{\"n\":1,\"verb\":\"Install\",\"key\":\"${key%5}4\",\"run\":\"$run\",$exec,\"updates\":[{\"id\":\"u\"}]}"
check "an older epoch is stale" "$ended == \"Stale\""
asked '{"n":1,"verb":"Scan","plugin":"nosuch"}'
check "no such plug-in" "$ended == \"Failed\" and (.[-1].text | test(\"plug-in nosuch: there is no such program\"))"
asked '{"n":1,"verb":"Scan","plugin":"exec","arguments":[{"name":"Colour","value":"red"}]}'
check "arguments are looked at first" "$ended == \"Failed\" and (.[-1].text | test(\"argument Colour\"))"

exit $failed
