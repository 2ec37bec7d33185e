#!/bin/bash
# twelve.sh [--keep DIR] [NAME|FILE...] - plays scenarios/real-*.json (or those whose file name contains a NAME, or
# any FILE.json) twice: simulated, and on real nodes in a testbed of this machine; prints what came of each.
#
# Every one must end as it expects in both worlds (`expect` in the file, and nothing left behind), and with the
# same outcome, the same result per node, the same number of restarts. CAUCUS_BUILD is the build directory.
# Exit: 0 all equal, 1 something differs, 77 this machine cannot carry a testbed (said in a sentence).
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${CAUCUS_BUILD:-$top/build}/bin
keep=
if [ "${1-}" = --keep ]; then
    keep=${2:?--keep DIR}
    shift 2
    mkdir -p "$keep"
fi
work=${keep:-$(mktemp -d "${TMPDIR:-/tmp}/caucus-twelve.XXXXXX")}
[ -n "$keep" ] || trap 'rm -rf "$work"' EXIT

# A report as one line of words: exit, outcome, reason, each node, restarts of all.
line() { # EXIT REPORT
    jq -r --arg exit "$1" '.ClusterResult | [$exit, .Status, (.ErrorRecordData.FullyQualifiedErrorId // "-"),
        ([.NodeResults[] | "\(.Node)=\(.Status)" + (.NodeRebootResult |
            if . != null and .SoftBootStatus != "NotEnabled" then "/\(.BootType)/\(.SoftBootStatus)" else "" end)] |
            sort | join(",")),
        ([.NodeResults[].Restarts] | add)] | join(" ")' "$2" 2>/dev/null || echo "$1 none - - -"
}
seconds() { # REPORT: how long the run took
    jq -r '.ClusterResult.RunDuration | split(":") | (.[0] | tonumber) * 3600 + (.[1] | tonumber) * 60 +
        (.[2] | tonumber) | round' "$1" 2>/dev/null || echo -
}

files=()
[ $# -gt 0 ] || set -- real-
for word in "$@"; do
    case $word in
        *.json) [ ! -e "$word" ] || files+=("$word") ;;
        *) for file in "$top"/scenarios/real-*"${word#real-}"*.json; do [ ! -e "$file" ] || files+=("$file"); done ;;
    esac
done
[ ${#files[@]} -gt 0 ] || { echo "twelve.sh: no scenario is called like that" >&2; exit 64; }

worst=0
printf '%-28s %-5s %4s %-16s %-24s %8s %6s  %s\n' scenario world exit outcome reason restarts secs nodes
for file in "${files[@]}"; do
    name=$(basename "$file" .json)
    verdict=equal

    "$bin/caucus" scenario test "$file" >"$work/$name.test" 2>&1 || verdict="not as expected in simulation"
    rm -rf "${work:?}/$name.sim" "${work:?}/$name.real"
    "$bin/caucus" simulate "$file" --engine heap --out "$work/$name.sim" >/dev/null 2>&1
    sim=$(line $? "$work/$name.sim/report.json")

    "$bin/caucus-testbed" run "$file" --out "$work/$name.real" >"$work/$name.out" 2>"$work/$name.err"
    code=$?
    if [ $code = 77 ]; then
        tail -n 1 "$work/$name.err"
        exit 77
    fi
    [ $code = 0 ] || verdict="not as expected on the testbed"
    real=$(line "$(cat "$work/$name.real/exit" 2>/dev/null || echo -)" "$work/$name.real/report.json")

    for world in sim real; do
        read -r exit outcome reason nodes restarts <<<"${!world}"
        printf '%-28s %-5s %4s %-16s %-24s %8s %6s  %s\n' "$name" $world "$exit" "$outcome" "$reason" \
            "$restarts" "$(seconds "$work/$name.$world/report.json")" "$nodes"
    done
    [ "$verdict" != equal ] || [ "$sim" = "$real" ] || verdict="simulation and testbed differ"
    [ "$verdict" = equal ] || worst=1
    printf '%-28s %s\n' "$name" "$verdict"
    if [ "$verdict" != equal ]; then
        grep -h '^different: \|: expected\|violated' "$work/$name.out" "$work/$name.test" | sed 's/^/    /'
        [ $code = 1 ] || [ $code = 0 ] || tail -n 3 "$work/$name.err" | sed 's/^/    /'
    fi
done
exit $worst
