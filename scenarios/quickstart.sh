#!/bin/sh
# quickstart.sh [SCENARIO] - from a clean Debian 12 to a first report: installs what is missing, builds
# the program, updates the simulated cluster of the scenario (contoso-fc1.json beside this file when
# none is named), shows what happened and where the pictures are.
#
# One line a phase; the whole talk of a phase is in build/NAME.log and shown when the phase fails.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
scenario=${1:-$top/scenarios/contoso-fc1.json}
case $scenario in /*) ;; *) scenario=$PWD/$scenario ;; esac
cd "$top"
. tests/phase.sh

logs=build
phase install sh tests/install.sh build
phase configure cmake --preset release -DCAUCUS_TESTS=OFF
phase build cmake --build --preset release

# Runs are kept: each gets the next free number.
number=1
while [ -e "build/runs/quickstart-$number" ]; do number=$((number + 1)); done
out=build/runs/quickstart-$number
mkdir -p build/runs
echo
code=0
build/bin/caucus simulate "$scenario" --out "$out" 2>"$logs/simulate.log" || code=$?
if [ "$code" -gt 3 ]; then # 0 .. 3 are outcomes of a run, the rest is trouble
    tail -n 40 "$logs/simulate.log" >&2
    exit "$code"
fi
echo
for file in report.html timeline.svg quorum.svg; do
    [ ! -e "$out/$file" ] || echo "$top/$out/$file"
done
exit "$code"
