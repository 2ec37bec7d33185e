#!/bin/sh
# The benchmarks still run, both sides of each exchange the same number of messages, and every row is there. How
# fast anything is, no test says: that is what tests/bench/run.sh is for.
set -eu
: "${CAUCUS:?must name the program, like build/bin/caucus}"
[ -x "${CAUCUS_BUILD:?}/tests/bench" ] || exit 77
out=$(mktemp)
trap 'rm -f "$out"' EXIT
code=0
tests/bench/run.sh --smoke >"$out" || code=$?
cat "$out"
[ "$code" = 0 ] || exit "$code"
rows=$(grep -cE ' (at-most|at-least) ' "$out")
[ "$rows" = 24 ] || { echo "24 rows were expected, $rows it was" && exit 1; }
