#!/bin/sh
# run.sh [--smoke] [PART...] - how fast the simulation is, as ratios against baselines that are measured beside
# it, in the same run, on the same machine. Parts, all of them where none is named:
#
#   heap     the heap engine with the whole core, journal and trace kept in memory as data, against des.c and
#            SimPy; and what it costs to make the texts of them as well
#   simgrid  the SimGrid engine, a process forked for each run, against rr.c
#   growth   100, 1,000 and 10,000 nodes: CPU for each event, bytes for each node
#   cores    a campaign on two processes against one
#   memory   a campaign of 200, 2,000 and 20,000 runs
#
# CPU time is that of all processes, the best of three rounds in which ours and the baselines alternate. Only
# `cores` is about wall time, the median of nine rounds, and wants a machine that does nothing else. Both sides
# exchange the same number of messages, and the numbers are printed; where they differ, or a run does not end, the
# exit code is 1. That a goal is missed is said, and is no failure. --smoke makes a few runs of everything and judges no speed.
# $CAUCUS_BUILD is the build that is measured; without it one is made.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"

smoke=
if [ "${1-}" = --smoke ]; then
    smoke=1
    shift
fi
for part; do
    case $part in
    heap | simgrid | growth | cores | memory) ;;
    *)
        echo "usage: tests/bench/run.sh [--smoke] [heap] [simgrid] [growth] [cores] [memory]" >&2
        exit 64
        ;;
    esac
done
[ $# -gt 0 ] || set -- heap simgrid growth cores memory

if [ -z "${CAUCUS_BUILD-}" ]; then
    CAUCUS_BUILD=$top/build-ci
    { cmake --preset ci && cmake --build --preset ci --target tests_bench caucus caucus-sim; } >&2
fi
programs=$CAUCUS_BUILD/tests
caucus=$CAUCUS_BUILD/bin/caucus
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
rounds=${smoke:-3}
wrong=0
without=

# Another Python than Debian's may come first, and not see Debian's modules.
simpy=
for python in "${PYTHON-}" python3 /usr/bin/python3; do
    if [ -z "$simpy" ] && [ -n "$python" ] && "$python" -c 'import simpy; simpy.Store.get' 2>/dev/null; then
        simpy=$python
    fi
done

complain() {
    wrong=$((wrong + 1))
    echo "WRONG: $*"
}

# measure NAME COMMAND...: its line is added to $tmp/NAME.
measure() {
    into=$tmp/$1
    shift
    "$@" >>"$into" || complain "$*: it ended with $?"
}
# leave_out WHAT WHY
leave_out() {
    without=1
    echo "$1 left out: $2"
}
# said NAME KEY: what NAME's lines say of KEY, each once.
said() {
    tr ' ' '\n' <"$tmp/$1" | sed -n "s/^$2=//p" | sort -u | tr '\n' ' '
}
# value NAME KEY: the least that NAME's lines say of KEY; it is 0 when there is none.
value() {
    tr ' ' '\n' <"$tmp/$1" | awk -F= -v key="$2" '$1 == key && (!n++ || $2 + 0 < least) { least = $2 } END { print least + 0 }'
}
seconds() {
    awk -v us="$1" 'BEGIN { printf "%.3f", us / 1e6 }'
}
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }'
}
# verdict RATIO WORD LIMIT: WORD is at-most or at-least.
verdict() {
    [ -z "$smoke" ] || { echo "-" && return; }
    awk -v is="$1" -v word="$2" -v limit="$3" \
        'BEGIN { print (is > 0 && (word == "at-most" ? is <= limit : is >= limit)) ? "reached" : "missed" }'
}
# line WHAT BASELINE MESSAGES OF-BASELINE CPU OF-BASELINE RATIO GOAL VERDICT
line() {
    printf '%-30s %-24s %10s %10s %9s %9s %8s  %-10s %s\n' "$@"
}
head_of() {
    echo
    line "$1" baseline messages "of base" "CPU s" "of base" "$2" goal ""
}
# against WHAT OURS BASE LABEL WORD LIMIT: a row. at-most: of our CPU to theirs; at-least: of our rate to theirs.
against() {
    ours=$(value "$2" cpu_us) base=$(value "$3" cpu_us)
    mine=$(value "$2" messages) theirs=$(value "$3" messages)
    if [ "$(said "$2" messages)" != "$(said "$3" messages)" ] || [ "$mine" = 0 ]; then
        complain "$1: $(said "$2" messages)messages against $(said "$3" messages)of $4"
    fi
    if [ "$5" = at-most ]; then is=$(ratio "$ours" "$base"); else is=$(ratio "$base" "$ours"); fi
    line "$1" "$4" "$mine" "$theirs" "$(seconds "$ours")" "$(seconds "$base")" "$is" "$5 $6" "$(verdict "$is" "$5" "$6")"
}
# all_ended NAME: every run of ours came to its end.
all_ended() {
    [ "$(value "$1" ended)" = "$(value "$1" runs)" ] ||
        complain "$1: of $(value "$1" runs) runs $(value "$1" ended) ended"
}

# ours NAME ENGINE NODES RUNS FAULTS [WORD...]
ours() {
    name_of=$1 engine=$2 size=$3 times_of=$4 with_faults=$5
    shift 5
    [ "$with_faults" = off ] || set -- faults "$@"
    measure "$name_of" "$programs/bench" "$engine" "$size" "$times_of" "$@"
}
# with_texts WHAT OURS: a row. The same runs, but all their texts are made too.
with_texts() {
    with=$(value "$2-texts" cpu_us) without_them=$(value "$2" cpu_us)
    [ "$(value "$2-texts" text_bytes)" -gt 0 ] || complain "$1: no texts were made"
    line "$1, texts" "ours, without texts" "$(value "$2-texts" messages)" "$(value "$2" messages)" \
        "$(seconds "$with")" "$(seconds "$without_them")" "$(ratio "$with" "$without_them")" none -
}

bench_heap() {
    head_of "heap engine" ratio
    for nodes in 8 64; do
        runs=1000
        [ "$nodes" = 8 ] || runs=50
        [ -z "$smoke" ] || runs=2
        for faults in off on; do
            name=heap-$nodes-$faults
            round=0
            while [ "$round" -lt "$rounds" ]; do
                round=$((round + 1))
                ours "$name" heap "$nodes" "$runs" "$faults"
                ours "$name-texts" heap "$nodes" "$runs" "$faults" texts
                messages=$(value "$name" messages)
                measure "$name-des" "$programs/des" "$nodes" "$runs" "$messages"
                for how in processes callbacks; do
                    [ -z "$simpy" ] || measure "$name-$how" "$simpy" tests/bench/simpy_rr.py "$how" \
                        "$nodes" "$runs" "$messages"
                done
            done
            all_ended "$name"
            what="$nodes nodes, faults $faults"
            against "$what" "$name" "$name-des" "des.c" at-most 3
            with_texts "$what" "$name"
            [ -n "$simpy" ] || continue
            against "$what" "$name" "$name-processes" "SimPy, processes" at-least 20
            against "$what" "$name" "$name-callbacks" "SimPy, callbacks" at-least 20
        done
    done
    echo "ratio: our CPU by des.c's; our rate by SimPy's. Faults are ours alone: no baseline has any. Journal, trace,"
    echo "records and chronicle are kept in memory as data, of which their texts can be made at any time. In the rows"
    echo "called texts all of them are made of each run as well: our CPU by ours without."
    [ -n "$simpy" ] || leave_out "SimPy is" "no Python here has it (Debian: python3-simpy3)"
}

bench_simgrid() {
    if [ ! -x "$programs/rr" ]; then
        leave_out "the SimGrid engine is" "it is not built here"
        return
    fi
    head_of "SimGrid engine, forked" rate
    for nodes in 8 64; do
        runs=200
        [ "$nodes" = 8 ] || runs=50
        [ -z "$smoke" ] || runs=2
        for faults in off on; do
            name=simgrid-$nodes-$faults
            round=0
            while [ "$round" -lt "$rounds" ]; do
                round=$((round + 1))
                ours "$name" simgrid "$nodes" "$runs" "$faults"
                messages=$(value "$name" messages)
                for how in forked fresh; do
                    measure "$name-$how" "$programs/rr" "$how" "$nodes" "$runs" "$messages"
                done
            done
            all_ended "$name"
            what="$nodes nodes, faults $faults"
            against "$what" "$name" "$name-forked" "rr.c, forked" at-least 2
            against "$what" "$name" "$name-fresh" "rr.c, a process each" at-least 2
        done
    done
    echo "rate: our messages for each second of CPU by rr.c's, everything included that a process for each run costs."
}

# grow LABEL SMALL RUNS LARGE-SIZES WORDS...: rows of one kind, each against the smallest. The larger ones are made
# twice in a process, so that what is set up once counts for little.
grow() {
    label=$1 small=$2 runs=$3 sizes=$4
    shift 4
    round=0
    while [ "$round" -lt "$rounds" ]; do
        round=$((round + 1))
        for nodes in $small $sizes; do
            times_of=2
            [ "$nodes" != "$small" ] || times_of=$runs
            "$programs/bench" heap "$nodes" "$times_of" "$@" >>"$tmp/growth-$label-$nodes" || :
        done
    done
    for nodes in $small $sizes; do
        name=growth-$label-$nodes
        if [ "$(value "$name" ended)" = 0 ]; then
            complain "$label, $nodes nodes: no run has ended"
            continue
        fi
        each=$(ratio "$(value "$name" cpu_us)" "$(value "$name" notes)")
        times=$(ratio "$(value "$name" cpu_us)" "$(awk -v n="$(value "$name" notes)" \
            -v us="$(value "growth-$label-$small" cpu_us)" -v of="$(value "growth-$label-$small" notes)" \
            'BEGIN { print n * us / of }')")
        printf '%-24s %7s %9s %9s %10s %7s %9s %11s %11s %10s  %s\n' "$label" "$nodes" "$(value "$name" messages)" \
            "$(value "$name" notes)" "$each" "$times" \
            "$(($(value "$name" world_bytes) / nodes))" "$(($(value "$name" core_bytes) / nodes))" \
            "$(($(value "$name" kept_bytes) / $(value "$name" runs) / nodes))" \
            "$((($(value "$name" peak_kib) - $(value "$name" held_kib)) * 1024 / nodes))" \
            "$([ "$nodes" = "$small" ] || verdict "$times" at-most 2)"
    done
}
bench_growth() {
    printf '\n%-24s %7s %9s %9s %10s %7s %9s %11s %11s %10s  %s\n' "growth, heap engine" nodes messages events us/event \
        times world/node core/node kept/node held/node "goal: at most 2 times"
    if [ -n "$smoke" ]; then
        grow "with journal and trace" 16 1 32 parallel 4
        grow "without, as a campaign" 16 1 32 quiet parallel 4
    else
        grow "without, as a campaign" 100 50 "1000 10000" quiet parallel 4
        grow "with journal and trace" 100 50 "1000 10000" parallel 4
    fi
    echo "An event is a note of the world that was due. Bytes: the blocks of world and core, what journal and trace"
    echo "are kept as (no texts are made), and what the process held at most more than before its first run. Four"
    echo "nodes at a time, faults off."
}

# campaign NAME RUNS JOBS: RUNS of each of the 40 cells of the demo's plan.
campaign() {
    jq --argjson runs "$2" --arg scenario "$top/scenarios/sixteen-on-a-bad-night.json" \
        '.runs = $runs | .scenario = $scenario' scenarios/campaigns/demo.json >"$tmp/plan.json"
    rm -rf "$tmp/campaign"
    measure "$1" "$programs/spent" "$caucus" campaign "$tmp/plan.json" --out "$tmp/campaign" --jobs "$3" 2>"$tmp/err" ||
        cat "$tmp/err"
    rows=$(sed 1d "$tmp/campaign/results.csv" | wc -l)
    [ "$rows" = $((40 * $2)) ] || complain "a campaign of $((40 * $2)) runs has $rows rows"
}

# Of neighbours on the same machine that come and go: the median of rounds, each of one process and two.
bench_cores() {
    runs=300 times=9
    [ -z "$smoke" ] || runs=1 times=1
    round=0
    while [ "$round" -lt "$times" ]; do
        round=$((round + 1))
        campaign "one-$round" "$runs" 1
        campaign "two-$round" "$runs" 2
        echo "$(ratio "$(value "one-$round" wall_us)" "$(value "two-$round" wall_us)") $round" >>"$tmp/cores"
    done
    middle=$(sort -n "$tmp/cores" | sed -n "$(((times + 1) / 2))p")
    is=${middle% *} one=one-${middle#* } two=two-${middle#* }
    printf '\n%-30s %8s %12s %12s %9s  %-13s %s\n' "a campaign" runs "wall s, one" "wall s, two" ratio goal ""
    printf '%-30s %8s %12s %12s %9s  %-13s %s\n' "one process, two" $((40 * runs)) "$(seconds "$(value "$one" wall_us)")" \
        "$(seconds "$(value "$two" wall_us)")" "$is" "at-least 1.9" "$(verdict "$is" at-least 1.9)"
    echo "The median of $times rounds, from $(sort -n "$tmp/cores" | sed -n '1s/ .*//p') to $(sort -n "$tmp/cores" | sed -n '$s/ .*//p'). CPU s of that one: $(seconds "$(value "$one" cpu_us)") and" \
        "$(seconds "$(value "$two" cpu_us)"). $(nproc) processors here."
}

bench_memory() {
    printf '\n%-30s %8s %12s %9s  %-13s %s\n' "a campaign's memory" runs "peak KiB" times goal ""
    first=
    for runs in 5 50 500; do
        [ -z "$smoke" ] || runs=$((runs == 500 ? 3 : runs / 25))
        [ "$runs" -gt 0 ] || runs=1
        campaign "memory-$runs" "$runs" 2
        peak=$(value "memory-$runs" peak_kib)
        : "${first:=$peak}"
        is=$(ratio "$peak" "$first")
        printf '%-30s %8s %12s %9s  %-13s %s\n' "the largest of its processes" $((40 * runs)) "$peak" "$is" \
            "at-most 1.1" "$(verdict "$is" at-most 1.1)"
    done
}

echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(nproc) processors, load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for part; do
    case $part in
    cores | memory)
        if ! "$caucus" campaign --help >/dev/null 2>&1; then
            leave_out "campaigns are" "they are not built here"
            continue
        fi
        ;;
    esac
    "bench_$part"
done
echo
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
[ "$wrong" -eq 0 ] || exit 1
[ -z "$without" ] || exit 77
