#!/bin/bash
# stale.sh [ROUNDS] - a coordinator that was stopped at the worst moment: its heartbeat is written, its command
# is on the way. Meanwhile its lock is recovered, or its run taken over, elsewhere; then the command arrives, and
# the coordinator goes on. The node must answer STALE, nothing must have happened, and the old one must do no
# more. 20 rounds unless told: Suspend, Install, Restart in turn, every fourth one by a take-over.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rounds=${1:-20}
kinds=(Suspend Install Restart)

# What the late command would change: boots, what is installed, who is suspended.
state_of_nodes() {
    local node
    for node in "${nodes[@]}"; do
        echo "$node $(boot_of "$node") $(on "$node" sha256sum /var/lib/dpkg/status | cut -c 1-16)"
    done
    cib nodes | grep '<nvpair'
}
resume_by_hand() {
    local node name
    for node in "${nodes[@]}"; do
        for name in standby=off caucus-by= caucus-away=; do
            on "$node" crm_attribute -q -N "$node" -l forever -n "${name%%=*}" -v "${name#*=}"
        done
    done
}

# The old one: what its journal says came back for the command, and that nothing followed.
check_old() { # NAME
    local journal=$work/$1/run/journal.ndjson late
    jq -s -e --arg what "$what" '
        [.[] | select(.action.kind == $what) | .action.id] as $ids |
        any(.[]; (.event.result.code // "") == "Stale" and (.event.result.id | IN($ids[])))' "$journal" >/dev/null ||
        { show_run "$1"; fail "round $round: $node did not answer STALE to the late $what"; }
    # After STALE no effect; after the write that was refused nothing at all.
    late=$(jq -s -c '
        (map(.event.result.code == "Stale") | index(true)) as $stale |
        (map(.event.result.code == "Refused") | index(true)) as $lost |
        ((.[$stale:][] | .action // empty |
            select(.kind | IN("Suspend", "Install", "Restart", "Resume", "Stage", "PreScript", "PostScript"))),
        (.[$lost:][] | .action // empty | select(.id)))' "$journal")
    [ -z "$late" ] || fail "round $round: the old coordinator went on: $late"
    [ "$code" = 1 ] || fail "round $round: the old coordinator ended with $code, not 1"
    grep -q LockLost "$work/$1/run/trace.txt" || fail "round $round: the old coordinator does not know that its lock is lost"
}

recover_elsewhere() { # NAME
    local code=0
    mkdir -p "$work/$1/home"
    XDG_STATE_HOME=$work/$1/home "$caucus" recover testbed --force --out "$work/$1/run" >"$work/$1/out" 2>&1 || code=$?
    [ $code = 0 ] || { cat "$work/$1/out" >&2; fail "round $round: recover ended with $code"; }
    [ "$what" = Suspend ] || grep -q -w "$node" "$work/$1/out" "$work/$1/run/report.json" ||
        fail "round $round: recover does not say that $node is still suspended"
}

let_go() { # first the command or first the coordinator
    if [ $((round % 2)) = 0 ]; then
        kill -CONT "$old"
        held_release "$name"
    else
        held_release "$name"
        until_true 10 "the late $what was not sent" grep -q " $what $node\$" "$work/$name/held/log"
        kill -CONT "$old"
    fi
    run_wait "$old"
}

bed_up "$real/three.json"
remember_packages
declare -A refused=()
for ((round = 1; round <= rounds; round++)); do
    what=${kinds[(round - 1) % 3]} name=old$round
    forget_updates
    mark
    held_up "$name"
    held_order "$name" stop "$what"
    run_start "$name"
    old=$pid
    until_true 120 "the coordinator was not stopped with its $what on the way" [ -e "$work/$name/held/held" ]
    read -r _ _ node _ <"$work/$name/held/held"
    held_done
    if [ $((round % 4)) != 0 ]; then
        by=recover
        recover_elsewhere "new$round"
        state_of_nodes >"$work/before"
        let_go
        check_old "$name"
        state_of_nodes | diff "$work/before" - >&2 || fail "round $round: the late $what changed something"
        check_booted 0
        resume_by_hand
    else
        by=take-over
        run_start "new$round" --take-over
        new=$pid
        until_true 60 "the successor does not hold the lock" recorded "new$round" '"Type":"ActivityIdMap"'
        let_go
        check_old "$name"
        run_wait "$new"
        [ "$code" = 0 ] || { show_run "new$round"; fail "round $round: the successor ended with $code"; }
        check_report "$work/new$round/run/report.json"
        check_installed_once
        check_booted 1
        check_replay "$work/new$round/run"
    fi
    check_replay "$work/$name/run"
    check_at_rest
    refused[$what]=$((${refused[$what]:-0} + 1))
    say "round $round: $what of $node, $by elsewhere: STALE, nothing happened, LockLost"
done
bed_down
say "$rounds of $rounds late commands refused: Suspend ${refused[Suspend]:-0}, Install ${refused[Install]:-0}, Restart ${refused[Restart]:-0}"
