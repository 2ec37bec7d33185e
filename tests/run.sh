#!/bin/sh
# run.sh                - installs what is missing, builds with warnings as errors, runs all tests;
#                         those that need no cluster also under AddressSanitizer.
# run.sh --long LABEL   - builds, and runs the tests of one label in their long form.
#
# One line a phase; the whole talk of a phase is in build-ci/NAME.log and shown when the phase fails.
# The last lines are ctest's: passed and failed, time per label.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
. tests/phase.sh

usage() {
    echo "usage: tests/run.sh [--long LABEL]" >&2
    exit 64
}
long=
case ${1-} in
'') [ $# -eq 0 ] || usage ;;
--long)
    [ $# -eq 2 ] || usage
    long=$2
    ;;
*) usage ;;
esac

logs=build-ci
jobs=$(nproc)
phase install sh tests/install.sh test
phase configure cmake --preset ci
phase build cmake --build --preset ci
if [ -n "$long" ]; then
    exec ctest --preset long -L "^$long\$" -j "$jobs"
fi
phase sanitizer-configure cmake --preset debug
phase sanitizer-build cmake --build --preset debug --target tests_sanitized
phase sanitizer-tests ctest --preset debug -j "$jobs"
exec ctest --preset ci -j "$jobs"
