# shellcheck shell=sh
# Read by the scripts of this folder and of tests/cli: a temporary directory, counting failures, and a
# program without pictures.
set -eu
: "${CAUCUS:?must name the program, like build/bin/caucus}"
# Nothing of the caller's may change a byte.
unset LANG LC_ALL TZ
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
failures=0
checks=0

# fail SENTENCE...
fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
}

# want WHAT COMMAND...: the command must succeed.
want() {
    want_what=$1
    shift
    checks=$((checks + 1))
    "$@" || fail "$want_what"
}

# ends CODE WORDS...: `caucus WORDS` must end with that exit code; its output is in $tmp/out and $tmp/err.
ends() {
    ends_code=0
    ends_want=$1
    shift
    "$CAUCUS" "$@" >"$tmp/out" 2>"$tmp/err" || ends_code=$?
    want "$*: exit code must be $ends_want, is $ends_code: $(cat "$tmp/err")" [ "$ends_code" -eq "$ends_want" ]
}

# need COUNT WHAT NUMBER: that many at least, else the test tested nothing.
need() {
    [ "$3" -ge "$1" ] || fail "at least $1 $2 were expected, $3 it was"
}

# The end of each script.
finish() {
    if [ "$failures" -gt 0 ]; then
        echo "$failures failed"
        exit 1
    fi
    echo "$*"
}

# Sets `plain` to a copy of the program that has no caucus-report beside it: it makes whole run
# directories, but for the pictures, which take most of the time.
without_pictures() {
    mkdir "$tmp/bin"
    cp "$CAUCUS" "$(dirname "$CAUCUS")/caucus-sim" "$tmp/bin/"
    plain=$tmp/bin/caucus
}

# run DIR ARGUMENT...: simulates into DIR without pictures. Any outcome of a run is good (exit codes
# 0 .. 3, 4 refused, 75 locked); another one is said. The summary is in $tmp/out.
run() {
    run_dir=$1
    shift
    run_code=0
    "$plain" simulate "$@" --out "$run_dir" >"$tmp/out" 2>"$tmp/err" || run_code=$?
    case $run_code in
    0 | 1 | 2 | 3 | 4 | 75) return 0 ;;
    esac
    echo "caucus simulate $* --out $run_dir: exit code $run_code"
    cat "$tmp/err"
    return 1
}
