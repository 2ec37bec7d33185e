#!/bin/bash
# races.sh [RACES | cut] - coordinators against each other.
#
# RACES (200 unless told) times two whole runs are started at once on two different members of a cluster that has
# nothing to update. Their claims of the lock are held back to the same moment of the clock (held_ssh.c), so that
# they meet in the store; one must win, the other must end with 75, each time. Then, or alone with `cut`: a
# coordinator that is cut off acts no more: one outside whose cable is pulled in the middle of a run that another
# one then takes over, and which is refused when it is back; and one on a member whose cable is pulled.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
races=${1:-200}

# shellcheck source=tests/real/race.sh
. "$real/race.sh"

run_races() {
    local n pair
    declare -gA wins=() at=()
    bed_up "$real/three.json"
    for node in "${nodes[@]}"; do # nothing to do is what a race needs
        on "$node" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y update && DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y dist-upgrade && rm -f /run/reboot-required*' >"$work/upgrade" 2>&1 </dev/null ||
            { tail "$work/upgrade" >&2; fail "$node could not be upgraded"; }
        racer_up "$node"
    done
    for ((n = 1; n <= races; n++)); do
        pair=("${nodes[@]:n % 3}" "${nodes[@]}")
        race "${pair[0]}" "${pair[1]}"
        [ $((n % 10)) != 0 ] || say "$n races"
    done
    check_at_rest
    bed_down
    say "$races races of two, one winner each: $(for node in "${nodes[@]}"; do printf '%s %d ' "$node" "${wins[$node]:-0}"; done)"
    say "the loser lost at its$(for where in reading claim confirmation; do printf ' %s %d' $where "${at[$where]:-0}"; done)"
}

# The old one is back in the network: it must end by itself, by LockLost, and have done nothing since.
check_cut() { # NAME SINCE
    local acted
    run_wait "$old"
    [ "$code" = 1 ] || { show_run "$1"; fail "the coordinator that was cut off ended with $code, not 1"; }
    grep -q LockLost "$work/$1/run/trace.txt" || fail "the coordinator that was cut off does not know that its lock is lost"
    acted=$(jq -s -c --argjson since "$2" '
        [.[] | .event.result // empty | select(.code == "OK") | .id] as $good | [foreach .[] as $line
            (0; if $line.event then $line.event.at else . end; {at: ., action: $line.action})][] |
        select(.at > $since and (.action.id // 0 | IN($good[]))) | .action |
        select(.kind | IN("Suspend", "Install", "Restart", "Resume", "PreScript", "PostScript", "LockWrite"))' \
        "$work/$1/run/journal.ndjson")
    [ -z "$acted" ] || fail "the coordinator that was cut off still acted: $acted"
}

cut_outside() {
    local since
    bed_up "$real/last-idle.json"
    racer_up "${nodes[2]}"
    mark
    run_start old
    old=$pid
    until_true 120 "nothing was installed" recorded old '"Status":"Installing"'
    "$tools/order" cut outside >/dev/null
    since=$(milliseconds)
    order='' racer_start "${nodes[2]}" successor --take-over
    run_wait "$pid"
    [ "$code" = 0 ] || { tail "$work/successor/talk" >&2; fail "the successor on ${nodes[2]} ended with $code"; }
    alive "$old" || fail "the coordinator that was cut off ended before it could know: $(tail -n 3 "$work/old/talk")"
    "$tools/order" join outside >/dev/null
    check_cut old "$since"
    on "${nodes[2]}" cat /root/race/run/report.json >"$work/report.json"
    nodes=("${nodes[@]:0:2}") # the third has nothing
    check_report "$work/report.json"
    check_installed_once
    check_booted 1
    check_at_rest
    bed_down
    say "a coordinator outside, cut off while it installed: taken over, refused when it was back"
}

installing_from() { # NODE: says the coordinator that runs there
    on "$1" cat /root/race/run/records.ndjson 2>/dev/null | grep -q '"Status":"Installing"'
}
fenced() { # NODE
    [ "$(facts "$1" power)" -ge 1 ]
}
cut_member() {
    bed_up "$real/last-idle.json"
    racer_up "${nodes[2]}"
    mark
    order='' racer_start "${nodes[2]}" doomed
    until_true 120 "nothing was installed" installing_from "${nodes[2]}"
    "$tools/order" cut "${nodes[2]}" >/dev/null
    run_wait "$pid"
    until_true 30 "${nodes[2]} was not fenced" fenced "${nodes[2]}"
    "$tools/order" join "${nodes[2]}" >/dev/null
    run_start new --take-over
    run_wait "$pid"
    [ "$code" = 0 ] || { show_run new; fail "the successor outside ended with $code"; }
    nodes=("${nodes[@]:0:2}")
    check_report "$work/new/run/report.json"
    check_installed_once
    check_booted 1
    check_at_rest
    bed_down
    say "a coordinator on a member, cut off while it installed: fenced, taken over from outside"
}

case ${1-} in
    cut) ;;
    *) run_races ;;
esac
case ${1-cut} in
    cut) cut_outside && cut_member ;;
esac
