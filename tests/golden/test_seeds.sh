#!/bin/sh
# Equal inputs and seed give equal bytes, in every file but cmd.sh, pictures and page included: from
# another directory, in another time zone, language and umask, on every engine. Another seed is
# another run: other ids everywhere, other times where there is chance.
. tests/golden/rig.sh
without_pictures
top=$PWD

# elsewhere DIR SCENARIO...: the same run under other circumstances, with all pictures.
elsewhere() {
    elsewhere_dir=$1
    elsewhere_scenario=$top/$2
    shift 2
    code=0
    (cd / && umask 077 && LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Tokyo COLUMNS=40 \
        "$program" simulate --out "$elsewhere_dir" "$@" "$elsewhere_scenario") >"$tmp/out" 2>&1 ||
        code=$?
    [ "$code" -le 4 ] || [ "$code" -eq 75 ] # an outcome, whichever
}

# twice SCENARIO ARGUMENT...: with `program`, here and elsewhere.
twice() {
    rm -rf "$tmp/here" "$tmp/there"
    code=0
    "$program" simulate "$@" --out "$tmp/here" >"$tmp/out" 2>&1 || code=$?
    [ "$code" -le 4 ] || [ "$code" -eq 75 ] || fail "$*: exit code $code"
    want "$* elsewhere" elsewhere "$tmp/there" "$@"
    diff -r -x cmd.sh "$tmp/here" "$tmp/there" >"$tmp/diff" || {
        fail "$*: the same seed must give the same bytes"
        head -n 12 "$tmp/diff" | cut -c 1-400
    }
}

engines=heap
[ "$CAUCUS_WITH_SIMGRID" = 0 ] || engines="heap simgrid"
count=0
program=$plain
for engine in $engines; do
    for scenario in scenarios/*.json tests/golden/weather.json; do
        [ "$scenario" != scenarios/thousand-nodes.json ] || [ $engine = heap ] || continue
        twice "$scenario" --engine "$engine"
        count=$((count + 1))
    done
    twice tests/golden/weather.json --engine "$engine" --seed 18446744073709551615
done
need 20 "scenarios" "$count"

# With pictures, for three; each file that was promised is there.
if [ -x "$(dirname "$CAUCUS")/caucus-report" ] && command -v gnuplot >/dev/null; then
    program=$CAUCUS
    for name in contoso-fc1 two-coordinators-alive eight-nodes-one-uplink; do
        twice "scenarios/$name.json"
        for file in cmd.sh scenario.json manifest.json journal.ndjson trace.txt records.ndjson \
            report.json report.html timeline.svg quorum.svg world.ndjson votes.csv; do
            want "$name: $file must be there" [ -s "$tmp/here/$file" ]
        done
    done
    pictures="3 with pictures"
else
    pictures="none with pictures, they are not built"
fi

# Another seed. A run's ids come from the seed; without them the runs differ where there is chance,
# and only there.
other() {
    rm -rf "$tmp/one" "$tmp/two"
    run "$tmp/one" "$1" --seed 1 || fail "$1, seed 1"
    run "$tmp/two" "$1" --seed 2 || fail "$1, seed 2"
    for which in one two; do
        grep '"RunId"' "$tmp/$which/report.json" >"$tmp/$which.id" || fail "$1: no RunId"
    done
    if cmp -s "$tmp/one.id" "$tmp/two.id"; then
        fail "$1: another seed must give another RunId"
    fi
    for which in one two; do
        grep -v 'cluster run .* orchestrator=' "$tmp/$which/trace.txt" >"$tmp/$which.trace"
    done
}
for scenario in tests/golden/weather.json scenarios/eight-nodes-one-uplink.json; do
    other "$scenario"
    if cmp -s "$tmp/one.trace" "$tmp/two.trace"; then
        fail "$scenario: another seed must give another trace"
    fi
done
other scenarios/contoso-fc1.json
want "contoso-fc1: nothing is left to chance" cmp "$tmp/one.trace" "$tmp/two.trace"

finish "$count runs made twice, $pictures; $checks checks"
