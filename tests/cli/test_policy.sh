#!/bin/sh
# caucus policy set and validate, as a change pipeline uses them: what is written, the exit code, the
# same answer from any number of processes, and each event counted when it happens and only then.
. tests/golden/rig.sh
scenarios=$PWD/scenarios
cd "$tmp"

# call CODE WORDS...: `caucus policy WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" policy "$@"
}

# says WHAT PATTERN: the output must have such a line.
says() {
    want "$1: must say: $2" grep -q -e "$2" "$tmp/out"
}

differs() {
    ! cmp -s "$1" "$2"
}

# ---- set

call 0 set night.json max_failed_nodes=1 StopAfter=2h30m node-order=node2,node1
cat >expected.json <<'END'
{
  "stop_after": "2h30m",
  "max_failed_nodes": 1,
  "node_order": ["node2", "node1"]
}
END
sort expected.json >sorted-expected
sort night.json | sed 's/,$//' >sorted-night
sed 's/,$//' sorted-expected | sort >sorted-expected.2
sort sorted-night >sorted-night.2
want "set: must write what it was told, and nothing else" cmp sorted-expected.2 sorted-night.2
want "set: must print what it wrote" cmp night.json out
call 0 set night.json stop_after= max_retries_per_node=0
want "set: NAME= must take an option out" [ "$(grep -c stop_after night.json)" -eq 0 ]
want "set: what is not named must stay" grep -q '"max_failed_nodes": 1' night.json
want "set: what is named must be there" grep -q '"max_retries_per_node": 0' night.json
cp night.json before.json
chmod 640 night.json
call 65 set night.json max_failed_nodes=3 max_retries_per_node=65
want "set: a wrong value must leave all as it was" cmp before.json night.json
call 0 set night.json --max-failed-nodes=1
call 0 set later.json max_retries_per_node= max_retries_per_node=7
want "set: the later word must win" grep -q '"max_retries_per_node": 7' later.json
ln -s later.json link.json
call 0 set link.json max_retries_per_node=6
want "set: a link must stay one" [ -L link.json ]
want "set: what a link leads to must be changed" grep -q '"max_retries_per_node": 6' later.json
call 65 set night.json suspend_node=node1
want "set: mixed parameter sets must leave all as it was" cmp before.json night.json
call 0 set night.json max_failed_nodes=2
want "set: permissions must stay" [ "$(stat -c %a night.json)" = 640 ]
want "set: nothing must be left beside it" [ "$(find . -name 'night.json?*' | wc -l)" -eq 0 ]

# ---- a profile over a scenario

fc1=$scenarios/contoso-fc1.json
# first NODE OPTION...: the node must be suspended first.
first() {
    first_node=$1
    shift
    "$CAUCUS" simulate "$fc1" "$@" --format json >run.ndjson || fail "simulate $*: must succeed"
    want "simulate $*: $first_node must be suspended first" \
        [ "$(sed -n 's/.*"Node":"\([^"]*\)","Status":"Suspending".*/\1/p' run.ndjson | head -1)" = "$first_node" ]
}
first CONTOSO-N3
call 0 set order.json node_order=CONTOSO-N2
first CONTOSO-N2 --profile order.json
{ printf '\357\273\277'; cat order.json; } >marked.json
first CONTOSO-N2 --profile marked.json
call 0 set marked.json cau_plugin_name=apt,apt
first CONTOSO-N1 --profile order.json --set policy.node_order=CONTOSO-N1
cat >order.xml <<'END'
<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0"><DCT>
<En><S N="Key">NodeOrder</S><S N="Value">CONTOSO-N4</S></En></DCT></Obj></Objs>
END
first CONTOSO-N4 --profile order.xml
cp order.xml before.xml
call 65 set order.xml max_failed_nodes=1
want "set: CAU's own profile must stay as it is" cmp order.xml before.xml

# ---- validate: the same from any number of processes, and from either engine

night=$scenarios/a-bad-night.json
call 0 validate --on "$night" --runs 300 --jobs 1 --format json
cp out one.json
for jobs in 2 3 7; do
    call 0 validate --on "$night" --runs 300 --jobs $jobs --format json
    want "validate: $jobs processes must say what one says" cmp one.json out
done
call 0 validate --on "$night" --runs 300 --seed 4 --format json
want "validate: another seed must be another weather" differs one.json out

# ---- the bounds: 1 - 0.05^(1/1000) when it never happens, its mirror when it always does

call 0 validate --on "$fc1" --require 'P(quorum_lost)<0.3%' --format json
says "no event in a thousand runs" '"quorum_lost":{"Runs":0,"FirstRun":null,"Low":0,"High":0.00299125}'
says "the requirement" '"Text":"P(quorum_lost)<0.3%","Shown":true,'
call 1 validate --on "$fc1" --require 'P(quorum_lost)<0.29%' --runs 1000
says "one run in a thousand too few" '^P(quorum_lost)<0.29%: NOT SHOWN: 0 of 1000 runs, so less than 0.003; more --runs may show it$'
call 0 validate --on "$fc1" --require ' P( quorum_lost ) < 0.29 %'
says "as many runs as it needs" '^ P( quorum_lost ) < 0.29 %: shown: 0 of 10[0-9][0-9] runs, so less than 0.0029$'
call 1 validate --on "$fc1" --runs 50 --require 'P(longer:1s)<0.5' \
    --require 'P(failed)<0.1'
says "what always happens" '^P(longer:1s)<0.5: FALSE: 50 of 50 runs, so more than 0.94$'
says "what never happens" '^P(failed)<0.1: shown: 0 of 50 runs, so less than 0.059$'

call 0 validate --on "$scenarios/two-nodes-plain.json" --runs 50 --format json
says "what always happens, exactly" '"failed":{"Runs":50,"FirstRun":0,"Low":0.941845,"High":1}'

# ---- what no expectation of a scenario tells

call 0 validate --on "$scenarios/lock-held.json" --runs 5 --format json
says "another holds the lock" '"refused":{"Runs":5,"FirstRun":0,'
# small FILE COORDINATOR MORE
small() {
    echo "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": 3, \"coordinators\": [$2]${3:-}}" >"$1"
}
small dies.json '{"name": "c1"}' ', "faults": [{"kind": "coordinator_death", "coordinator": "c1", "at": "1s"}]'
call 0 validate --on dies.json --runs 5 --format json
says "nobody is left to end it" '"not_ended":{"Runs":5,"FirstRun":0,'
says "it takes no time that could be told" '"LengthSeconds":{"0.5":null,'
small soon.json '{"name": "c1"}'
small late.json '{"name": "c1", "start": "1h"}'
call 0 validate --on soon.json --runs 5 --format json
length=$(grep -o '"LengthSeconds":{[^}]*}' out)
call 0 validate --on late.json --runs 5 --format json
says "a run is as long wherever it begins" "$length"

# ---- the policy decides

call 0 validate --on "$night" --runs 300 --format json
before=$(sed 's/.*"node_failed":{"Runs":\([0-9]*\).*/\1/' out)
call 0 set none.json max_retries_per_node=0
call 0 validate none.json --on "$night" --runs 300 --format json
after=$(sed 's/.*"node_failed":{"Runs":\([0-9]*\).*/\1/' out)
want "without retries more nodes must fail: $before, then $after" [ "$after" -gt "$before" ]

# The command that it names shows that run, wherever the scenario is.
mkdir "it's here"
cp "$night" "it's here/night.json"
call 0 validate --on "it's here/night.json" --runs 300 --seed 7
grep '^  caucus simulate ' out | sed "s|caucus|'$CAUCUS'|" >named.sh
code=0
sh named.sh >named.txt || code=$?
want "$(cat named.sh): must not go well" [ "$code" -ne 0 ]

# ---- a limit that quorum never lets be reached

# room LINES MOST NODES: what the check of such a scenario says besides that it is good.
room() {
    echo "{\"caucus\": 1, \"cluster\": {\"name\": \"c\"}, \"nodes\": $3, \"policy\": {\"max_parallel_nodes\": $2}}" >room.json
    ends 0 scenario check room.json
    want "$2 of $3 at once: $(cat out)" [ "$(sed 1d out)" = "$1" ]
}
room '' 2 5
room 'room.json: note: at most 2 nodes can be out at once before quorum would be lost; max_parallel_nodes 3 never takes effect beyond that' 3 5
room 'room.json: note: at most 1 node can be out at once before quorum would be lost; max_parallel_nodes 2 never takes effect beyond that' 2 3
room 'room.json: note: quorum lets no node be out, so no turn will begin' 1 2
left='"updating_suspended": true}'
room '' 2 "[{\"name\": \"a\"}, {\"name\": \"b\", $left, {\"name\": \"c\", $left]"
room '' 1 "[{\"name\": \"a\", $left, {\"name\": \"b\", $left]"

# ---- which run is shown

call 1 validate --on "$scenarios/a-bad-night.json" --runs 400 --require 'P(canceled)<0.5' --require 'P(quorum_lost)<1e-3'
first=$(awk '$1 == "quorum_lost" { print $3 }' out)
want "the first that made the requirement false, $first" grep -q "^Run $first is seen by\$" out
want "by its command" grep -q " --engine heap --seed 1 --run $first\$" out
want "which is not the first of all" [ "$first" != "$(awk '$3 ~ /^[0-9]+$/ { print $3 }' out | sort -n | head -1)" ]

# ---- each event is counted when the scenario's own expectation says so

checked=0
: >seen
for file in "$scenarios"/*.json; do
    expected=$(sed -n 's/^    "exit": \([0-9]*\),\{0,1\}$/\1/p' "$file" | head -1)
    case $expected in 0 | 1 | 2 | 3) ;; *) continue ;; esac
    call 0 validate --on "$file" --runs 1 --jobs 1 --format json
    event=$(echo "none failed partially_failed canceled" | cut -d ' ' -f $((expected + 1)))
    for one in failed partially_failed canceled; do
        n=$([ "$one" = "$event" ] && echo 1 || echo 0)
        says "$(basename "$file"), exit $expected" "\"$one\":{\"Runs\":$n,"
    done
    grep -o '"[a-z_]*":{"Runs":1,' out >>seen || :
    checked=$((checked + 1))
done
need 30 "scenarios with an expectation" "$checked"
for event in failed partially_failed canceled node_failed quorum_lost left_suspended; do
    want "some scenario must show $event" grep -q "\"$event\"" seen
done

finish "$checks checks, $checked scenarios"
