#!/bin/sh
# reference.sh [DIR] - importance splitting held to the truth, and to plain counting.
#
# 1. A cluster whose nodes fail with 4.5 %, each for itself: that 5 of 12 do is 1.12e-4 by the binomial law. Twenty
#    estimates from twenty seeds: how many of their 95 % intervals hold it.
# 2. A cluster that loses quorum in about one run of ten thousand: RUNS runs counted (1000000 without it), and twenty
#    estimates: how many agree with the count; and the CPU time of both, the count's scaled to the same half width.
# DIR keeps what was said.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
caucus=${CAUCUS:-${CAUCUS_BUILD:-$top/build}/bin/caucus}
work=${1:-$(mktemp -d)}
[ -x "$caucus" ] || { echo "reference.sh: $caucus: build it first" >&2; exit 1; }
mkdir -p "$work"

# cpu FILE COMMAND...: its output to FILE; CPU seconds, user and system, of all its processes.
cpu() {
    cpu_file=$1
    shift
    (
        "$@" >"$cpu_file" || [ $? = 1 ]
        times
    ) | awk 'NR == 2 { split($1 " " $2, t, /[ ms]+/); print t[1] * 60 + t[2] + t[3] * 60 + t[4] }'
}

# estimates SCENARIO EVENT: twenty, one line each: low, value, high, CPU seconds.
estimates() {
    for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        out=$work/$2-$seed.json
        seconds=$(cpu "$out" "$caucus" policy rare --on "$top/scenarios/rare/$1.json" --require "P($2)<1e-3" \
            --seed $seed --format json --jobs "${JOBS:-$(nproc)}")
        printf '%s %s\n' "$(jq -r '"\(.Low) \(.Probability) \(.High)"' "$out")" "$seconds"
    done
}

exact=0.000111942
estimates twelve-with-a-poor-update failed >"$work/failed"
awk -v p=$exact '$1 <= p && p <= $3 { n++ } { w = ($3 - $1) / 2 / $2; if (w > most) most = w; s += $4 }
    END { printf "exact %g: %d of %d intervals hold it, the widest +-%.1f %%, %.1f CPU s each\n", p, n, NR, 100 * most,
          s / NR }' "$work/failed"

runs=${RUNS:-1000000}
counting=$(cpu "$work/counted.json" "$caucus" policy validate --on "$top/scenarios/rare/seven-that-seldom-crash.json" \
    --seed 1000 --runs "$runs" --format json --jobs "${JOBS:-$(nproc)}")
hits=$(jq .Events.quorum_lost.Runs "$work/counted.json")
estimates seven-that-seldom-crash quorum_lost >"$work/quorum_lost"
awk -v h="$hits" -v n="$runs" -v cpu="$counting" 'BEGIN { p = h / n; w = 1.959964 * sqrt(p * (1 - p) / n); lo = p - w
        hi = p + w; printf "counted: %d of %d runs, %.3g (%.3g .. %.3g, +-%.1f %%), %.1f CPU s\n", h, n, p, lo, hi,
        100 * w / p, cpu }
    $1 <= hi && lo <= $3 { over++ } $1 <= p && p <= $3 { holds++ }
    { v = ($3 - $1) / 2 / $2; if (v > most) most = v; s += $4; cost += $4 * v * v; sum += $2 }
    END { printf "split: %.3g on average, the widest +-%.1f %%; of %d intervals %d overlap with the one counted, ", sum / NR,
              100 * most, NR, over
          printf "%d hold its middle; %.1f CPU s each\n", holds, s / NR
          plain = cpu * (w / p) ^ 2
          printf "cost at equal half width: 1 to %.0f\n", plain / (cost / NR) }' "$work/quorum_lost"
