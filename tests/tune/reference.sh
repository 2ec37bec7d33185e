#!/bin/sh
# reference.sh [DIR] - `caucus tune` on the five clusters of scenarios/campaigns/clusters, with one node at a time
# (max_parallel_nodes held) and without that bound: what the recommended policy gains in the length within which nine
# in ten runs end, on nights that the search has not seen, at no higher risk than CAU's defaults. DIR keeps the reports.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
caucus=${CAUCUS:-${CAUCUS_BUILD:-$top/build}/bin/caucus}
work=${1:-$(mktemp -d)}
mkdir -p "$work"
printf '%-26s %-5s %-24s %s\n' cluster nodes 'gain (95 %)' 'verdict; policy'
for file in "$top"/scenarios/campaigns/clusters/*.json; do
    name=$(basename "$file" .json)
    for hold in one free; do
        out=$work/$name-$hold
        set --
        [ $hold = free ] || set -- --hold max_parallel_nodes
        "$caucus" tune "$file" --out "$out" --jobs "${JOBS:-$(nproc)}" "$@" >/dev/null || [ $? = 1 ]
        gain=$(sed -n 's/^  difference .* min, \(.* %\) (\(.*\))$/\1 (\2)/p' "$out/report.txt")
        verdict=$(sed -n 's/^Verdict   //p' "$out/report.txt")
        policy=$(sed -n 's/^Policy    //p' "$out/report.txt")
        printf '%-26s %-5s %-24s %s\n' "$name" $hold "${gain:--}" "${verdict:+$verdict; }$policy"
    done
done
