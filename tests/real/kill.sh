#!/bin/bash
# kill.sh [--swap | --both] [POINT]... - a coordinator is killed at ten points of a run on three nodes and the run
# goes on: five times on the same host (run --resume), five times elsewhere (run --take-over, with another state
# home); --swap exchanges them, --both does each point both ways. Judged from outside: dpkg's log and a watcher of
# processes (nothing installed twice, never two installers at once), the supervisor's facts (one restart a node),
# Pacemaker (nobody in standby, no constraint), and the report, which must be whole.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The points: name, how, and what. `record`: killed when this record comes by; `kill`, `drop`: killed when this
# request is on its way, and it arrives, or never leaves (held_ssh.c).
points=(
    'scanning    record "Status":"Scanning"'
    'staging     kill   Stage'
    'suspending  drop   Suspend'
    'installing  record "Status":"Installing"'
    'restarting  kill   Restart'
    'verifying   record "Status":"Verifying"'
    'resuming    kill   Resume'
    'between     record "Type":"NodeResult"'
    'reporting   drop   Save/report.json'
    'unlocking   drop   Unlock'
)
ways=(here elsewhere)
swap=0 both=0
case ${1-} in --swap) swap=1 && shift ;; --both) both=1 && shift ;; esac
wanted=" ${*-} "

die_there() { # NAME HOW WHAT
    case $2 in
        record)
            run_start "$1"
            until_true 180 "no such record: $3" recorded "$1" "$3"
            [ "$point" != installing ] || sleep 1.5 # in the middle of it
            kill -KILL "$pid"
            ;;
        *)
            held_up "$1"
            held_order "$1" "$2" "$3"
            run_start "$1"
            until_true 180 "no such request: $3" [ -e "$work/$1/held/held" ]
            held_done
            ;;
    esac
    run_wait "$pid"
    [ "$code" = 137 ] || { show_run "$1"; fail "$point: the coordinator ended by itself, with $code"; }
}

one() { # POINT HOW WHAT WAY
    point=$1 way=$4
    local name=$1-$4 last=$1-$4 begun=$SECONDS
    forget_updates
    mark
    mkfifo "$work/eyes"
    "$tools/installers" "$(cat "$work/bed/pid")" <"$work/eyes" >"$work/$name.seen" 2>"$work/$name.installers" &
    local eyes=$!
    started+=("$eyes")
    exec 8>"$work/eyes"
    die_there "$name" "$2" "$3"
    if [ "$way" = here ]; then
        run_again "$name" --resume "$work/$name/run"
    else
        last=$name-next
        run_start "$last" --take-over
    fi
    run_wait "$pid"
    [ "$code" = 0 ] || { show_run "$last"; fail "$point, $way: the run ended with $code"; }
    exec 8>&-
    wait "$eyes"
    rm "$work/eyes"
    check_report "$work/$last/run/report.json"
    check_installed_once
    check_booted 1
    check_at_rest
    check_replay "$work/$last/run"
    grep -q '^seen [1-9][0-9]* at once 1$' "$work/$name.seen" ||
        fail "$point, $way: installers: $(cat "$work/$name.seen" "$work/$name.installers")"
    say "$(printf '%-10s %-9s %3d s, installers %s' "$point" "$way" $((SECONDS - begun)) "$(cat "$work/$name.seen")")"
}

bed_up "$real/three.json"
remember_packages
count=0 place=$swap
for entry in "${points[@]}"; do
    read -r name how what <<<"$entry"
    way=${ways[place % 2]}
    place=$((place + 1))
    [[ $wanted = *" $name "* || $wanted = "  " ]] || continue
    if [ $both = 1 ]; then
        one "$name" "$how" "$what" here
        one "$name" "$how" "$what" elsewhere
        count=$((count + 2))
    else
        one "$name" "$how" "$what" "$way"
        count=$((count + 1))
    fi
done
bed_down
say "$count of $count runs went on and ended well"
