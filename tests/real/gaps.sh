#!/bin/bash
# gaps.sh [ROUNDS [SCENARIO]] - the coordinator's own share of a clean run on five nodes in two sites, and the same
# work done by an Ansible playbook, in turn on equal fresh testbeds; 2 rounds of both unless told.
#
# A gap is the time from the moment when what a command began was over on the node, seen from outside (the
# supervisor's facts; the nodes' logs, read every 10 ms), to the next command in the journal: helper, network,
# look, decision, heartbeat. The first gap is from the program's start to its first command, the last from the
# last node's return to the program's end. What passes between the claim of the lock and its confirmation is part of
# the first one, and also shown apart. A scan comes before, as in the README: it brings the helper to the nodes.
# ROUNDS 0: one run of Caucus, no Ansible.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rounds=${1:-2}
scenario=${2:-$real/five.json}

if [ "$rounds" != 0 ] && ! command -v ansible-playbook >/dev/null; then
    [ "$(id -u)" = 0 ] || skip "ansible-playbook is missing (Debian: ansible-core), and only root can install it"
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
        ansible-core; } >"$work/apt" 2>&1 || skip "ansible-core could not be installed: $(tail -n 1 "$work/apt")"
fi

# One line an event, by time: AT NODE WHAT [DETAIL].
events() { # RUN-DIRECTORY
    jq -r '.names.nodes as $nodes | [inputs] as $lines | # the first line is the head
        [foreach $lines[] as $line (0; if $line.event then $line.event.at else . end;
            {at: ., line: $line})] |
        ([.[] | select(.line.action.id) | {key: (.line.action.id | tostring), value: .line.action}] | from_entries)
            as $by | .[] | . as $e |
        if .line.action.id then .line.action | "\($e.at) \(if .node then $nodes[.node] else "-" end) command " +
            if .kind == "LockWrite" then .kind + (.lock_want.phase // "Free") else .kind end
        elif .line.event.result then $by[.line.event.result.id | tostring] // empty |
            "\($e.at) \(if .node then $nodes[.node] else "-" end) result \(.kind)"
        else empty end' "$1/journal.ndjson"
    jq -r 'select(.fact == "power" or .fact == "up") | "\(.at) \(.node) \(.fact)"' "$work/bed/facts.ndjson"
    cat "$work/seen"
    echo "$begun - begin"
    echo "$ended - end"
}

report() { # RUN-DIRECTORY
    events "$1" | sort -s -n -k 1,1 | awk -v begun="$begun" -v ended="$ended" '
        function close_gap(at, next_is) {
            if (over == 0) { printf "  %8s  %-9s %-34s nothing seen from outside\n", "?", who, was " -> " next_is; unseen++; return }
            gap = at - over
            printf "  %8.3f  %-9s %s\n", gap / 1000, who, was " -> " next_is
            sum += gap
            if (gap > worst) { worst = gap; where = who ", " was " -> " next_is }
            gaps++
        }
        $1 < begun || $1 > ended { next }
        $3 == "begin" { was = "start"; who = "-"; over = $1; next }
        $3 == "command" && $4 == "LockWriteClaimed" { next }
        $3 == "command" && $4 == "LockWriteHeld" && was == "start" { if (!settled) settled = $1 - claimed; next }
        $3 == "result" && $4 == "LockWrite" && !claimed { claimed = $1; next }
        $3 == "command" && $4 ~ /^(LockRead|LockWrite)/ { next }
        $3 == "command" && $4 == "SaveReport" { next }
        $3 == "command" {
            if (open == 0) close_gap($1, $4 ($2 != who && was != "start" ? " of " $2 : ""))
            was = $4; who = $2; over = 0; last = 0; delete there; quiet = 0; open += ($4 == "Scan" || $4 == "Stage")
            next
        }
        $3 == "result" && ($4 == "Scan" || $4 == "Stage") { if (--open == 0) over = $1; next }
        open > 0 { next }
        $3 == "installed" && was == "Install" && $2 == who { over = $1; next }
        ($3 == "up" || $3 == "joined") && was == "Restart" && $2 == who {
            if (!($3 in there)) { there[$3] = 1; if ("up" in there && "joined" in there) over = $1 }
            next
        }
        ($3 == "stopped" && was == "Suspend" || $3 == "started" && was == "Resume") && $2 == who {
            last = $1; quiet = 0; over = 0; next
        }
        $3 == "idle" && last && !quiet { over = quiet = $1; next }
        $3 == "end" { close_gap($1, "end") }
        END {
            printf "%d gaps, %d without a fact: %.3f s of %.1f s, %.2f %%; worst %.3f s (%s)\n",
                gaps, unseen, sum / 1000, (ended - begun) / 1000, 100 * sum / (ended - begun), worst / 1000, where
            printf "of it the wait for the lock to settle: %.3f s; without it %.3f s, %.2f %%\n",
                settled / 1000, (sum - settled) / 1000, 100 * (sum - settled) / (ended - begun)
        }'
}

caucus_run() { # ROUND
    local room eyes
    bed_up "$scenario"
    room=$(cat "$work/bed/pid")
    rm -f "$work/eyes"
    mkfifo "$work/eyes"
    "$tools/gaps" "$(disks_of "$room")" "${nodes[@]}" <"$work/eyes" >"$work/seen" &
    eyes=$!
    started+=("$eyes")
    exec 8>"$work/eyes"
    "$caucus" scan testbed >"$work/scan" 2>&1 || fail "the scan failed: $(tail -n 1 "$work/scan")"
    mark
    begun=$(milliseconds)
    run_start "run$1"
    run_wait "$pid"
    ended=$(milliseconds)
    exec 8>&-
    wait "$eyes"
    [ "$code" = 0 ] || { show_run "run$1"; fail "round $1: the run ended with $code"; }
    check_report "$work/run$1/run/report.json"
    check_installed_once
    check_booted 1
    check_at_rest
    report "$work/run$1/run"
    bed_down
    took=$((ended - begun))
    say "round $1: Caucus $(seconds $took) s"
}
# Where the supervisor's disks are, as this machine sees them.
disks_of() { # PID
    local dir
    for dir in "/proc/$1/cwd" "/proc/$1/cwd/disks" "/proc/$1/cwd/disk"; do
        [ ! -d "$dir/n1/fs/upper" ] || { echo "$dir"; return; }
    done
    fail "the disks of the testbed are not to be found below /proc/$1/cwd"
}
seconds() { printf '%d.%01d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

ansible_run() { # ROUND
    local node code=0
    bed_up "$scenario"
    mark
    {
        echo '[nodes]'
        for node in "${nodes[@]}"; do echo "$node"; done
        echo '[nodes:vars]'
        echo "ssh_config=$work/bed/ssh_config"
    } >"$work/inventory"
    begun=$(milliseconds)
    SHELL=/bin/sh LC_ALL=C.UTF-8 ANSIBLE_SSH_ARGS="-F $work/bed/ssh_config -o ControlMaster=auto -o ControlPersist=60s" \
        ANSIBLE_SSH_PIPELINING=1 ANSIBLE_LOCAL_TEMP=$work/ansible ANSIBLE_HOME=$work/ansible \
        ansible-playbook -i "$work/inventory" "$real/ansible/update.yml" >"$work/playbook" 2>&1 </dev/null || code=$?
    ended=$(milliseconds)
    [ $code = 0 ] || { tail -n 30 "$work/playbook" >&2; fail "round $1: the playbook ended with $code"; }
    check_installed_once
    check_booted 1
    bed_down
    took=$((ended - begun))
    say "round $1: Ansible $(seconds $took) s"
}

ours=0 theirs=0
if [ "$rounds" = 0 ]; then
    caucus_run 1
    exit 0
fi
for ((round = 1; round <= rounds; round++)); do
    order='caucus ansible'
    [ $((round % 2)) = 1 ] || order='ansible caucus'
    for who in $order; do
        "${who}_run" "$round"
        [ "$who" = caucus ] && ours=$((ours + took)) || theirs=$((theirs + took))
    done
done
say "mean of $rounds rounds: Caucus $(seconds $((ours / rounds))) s, Ansible $(seconds $((theirs / rounds))) s, ratio" \
    "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }')"
