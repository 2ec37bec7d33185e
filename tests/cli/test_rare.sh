#!/bin/sh
# caucus policy rare: the exact probability lies in its interval, processes change nothing, the exit code says what is
# shown.
. tests/golden/rig.sh
cp scenarios/rare/*.json "$tmp" # whose path has no space
cd "$tmp"

# says FILTER FILE: it holds in that JSON.
says() {
    jq -e "$1" "$2" >/dev/null
}
# call CODE WORDS...: `caucus policy rare WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" policy rare "$@"
}

twelve="--on twelve-with-a-poor-update.json"
# shellcheck disable=SC2086 # two words
call 0 $twelve --require 'P(failed)<1e-3' --half-width 30% --seed 3 --jobs 1 --format json
cp out one
# 1.12e-4 is the binomial law's: five of twelve, each with 4.5 %
want "the truth lies in the interval: $(cat out)" \
    says '.Low < 1.1194e-4 and .High > 1.1194e-4 and .Low > 0 and .High < 1e-3 and .Shown' out
want "as sure as asked" says '(.High - .Low) / 2 <= 0.3 * .Probability' out
want "far less work than counting: $(jq .Gain out)" says '.Gain > 10 and .PlainRuns > 100000' out
want "its levels" says '.Levels == "failures" and (.Reached | length) >= 5 and .Reached[2].Copies > 1' out
# shellcheck disable=SC2086
call 0 $twelve --require 'P(failed)<1e-3' --half-width 0.3 --seed 3 --jobs 3 --format json
want "the same from three processes" cmp one out
# shellcheck disable=SC2086
call 1 $twelve --require 'P(failed)<1e-5' --half-width 50% --seed 3
want "what is false is called so" grep -q '^P(failed)<1e-5: FALSE: probability ' out
want "the levels are told" grep -q '^ *4  *[0-9]* *[0-9]*  0\.' out
# shellcheck disable=SC2086
call 1 $twelve --require 'P(quorum_lost)<1e-5' --roots 100
want "what never happened bounds nothing" grep -q 'NOT SHOWN: it never happened' out
seven="--on seven-that-seldom-crash.json"
# shellcheck disable=SC2086
call 1 $seven --require 'P(quorum_lost)<1e-2' --roots 2000 --seed 2 --format json
want "few roots show nothing, whatever they say" says '.Sure == false and .Shown == false' out
want "votes lead to lost quorum" says '.Levels == "votes" and .Reached[0].Runs == 2000 and .Hits > 0' out
printf '{"max_retries_per_node":64}\n' >many.json
# shellcheck disable=SC2086
call 1 many.json $twelve --require 'P(failed)<1e-3' --roots 50
want "a profile is put over the scenario" grep -q '^Policy    many.json$' out
call 0 --help
want "help" grep -q '^usage: caucus policy rare' out
finish "rare: $checks checks"
