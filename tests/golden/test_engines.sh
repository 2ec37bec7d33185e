#!/bin/sh
# One story, whoever tells it. Where a scenario is `contended: no`, the SimGrid engine and the heap
# engine write the same bytes; under each way SimGrid can switch contexts it writes the same bytes in
# any scenario. Only the manifest names the engine, and cmd.sh repeats the command line.
. tests/golden/rig.sh
[ "$CAUCUS_WITH_SIMGRID" = 1 ] || {
    echo "needs the SimGrid engine"
    exit 77
}
without_pictures

# same WHAT DIR DIR [FILE...]: equal but for cmd.sh and the named files.
same() {
    same_what=$1 same_a=$2 same_b=$3
    shift 3
    set -- -x cmd.sh "$@"
    checks=$((checks + 1))
    diff -r "$@" "$same_a" "$same_b" >"$tmp/diff" && return 0
    fail "$same_what"
    head -n 12 "$tmp/diff" | cut -c 1-400
}

factories=""
for factory in raw boost ucontext thread; do
    if run "$tmp/factory" scenarios/contoso-fc1.json --engine simgrid --context-factory "$factory"; then
        factories="$factories $factory"
    fi
    rm -rf "$tmp/factory"
done
want "all four context factories must work, it was$factories" \
    [ "$factories" = " raw boost ucontext thread" ]

# compare SCENARIO SEED
uncontended=0
contended=0
compare() {
    what="$1, seed $2"
    rm -rf "$tmp/runs"
    mkdir "$tmp/runs"
    run "$tmp/runs/simgrid" "$1" --seed "$2" --engine simgrid || fail "$what on SimGrid"
    others=$factories
    [ "$1" != scenarios/thousand-nodes.json ] || others= # the engines are enough for 70 MB of journal
    for factory in $others; do
        run "$tmp/runs/$factory" "$1" --seed "$2" --engine simgrid --context-factory "$factory" ||
            fail "$what under $factory"
        same "$what under $factory" "$tmp/runs/simgrid" "$tmp/runs/$factory"
    done
    if "$CAUCUS" scenario check "$1" | grep -q ': good; contended: no$'; then
        run "$tmp/runs/heap" "$1" --seed "$2" --engine heap || fail "$what on the heap"
        same "$what, SimGrid against heap" "$tmp/runs/simgrid" "$tmp/runs/heap" -x manifest.json
        sed 's/"engine": "heap"/"engine": "simgrid"/' "$tmp/runs/heap/manifest.json" >"$tmp/manifest"
        want "$what: the manifests must differ by the engine alone" \
            cmp "$tmp/runs/simgrid/manifest.json" "$tmp/manifest"
        uncontended=$((uncontended + 1))
    else
        contended=$((contended + 1))
    fi
}

for scenario in scenarios/*.json; do
    compare "$scenario" 1
done
need 20 "scenarios on both engines" "$uncontended"
need 1 "scenario with contention" "$contended"
for seed in 1 2 3 4 5 6 7 8; do
    compare tests/golden/weather.json "$seed"
done

# The comparison can fail: where links are shared, the engines do tell different stories.
shared=scenarios/eight-nodes-one-uplink.json
run "$tmp/shared-simgrid" "$shared" --engine simgrid || fail "$shared on SimGrid"
run "$tmp/shared-heap" "$shared" --engine heap || fail "$shared on the heap"
if cmp -s "$tmp/shared-simgrid/trace.txt" "$tmp/shared-heap/trace.txt"; then
    fail "$shared: with contention the engines must differ"
fi

finish "$uncontended stories equal on both engines, $contended with contention; under$factories" \
    "all the same; $checks comparisons"
