# shellcheck shell=bash
# race.sh - coordinators on the nodes of a testbed, and a race of two; read by bash after lib.sh. The caller declares
# `wins` (node: how often) and `at` (where the loser lost: how often), and counts in `n`.

racer_up() { # NODE: what a coordinator on this node needs; all its sessions go through ssh
    "$caucus" testbed shell "$1" sh -c 'mkdir -p /root/race/bin && cat >/root/race/bin/ssh && chmod 755 /root/race/bin/ssh' \
        <"$tools/held_ssh"
    local node list=
    for node in "${nodes[@]}"; do list+=${list:+, }"\"$node\": \"root@$node\""; done
    # shellcheck disable=SC2016 # the node's shell expands it
    on "$1" sh -c 'printf "%s\n" "$1" >/root/race/cluster.json' - \
        "{\"caucus_cluster\": 1, \"contacts\": [\"root@$1\"], \"nodes\": {$list}}"
}
racer_start() { # NODE NAME WORD...: a run on this node, in the background; sets pid
    local node=$1 name=$2
    shift 2
    mkdir -p "$work/$name"
    # shellcheck disable=SC2016 # the node's shell expands them
    on "$node" sh -c '
        cd /root/race && rm -rf held run && mkdir held && echo "$1" >held/order && shift &&
        PATH=/root/race/bin:$PATH CAUCUS_HELD=/root/race/held XDG_STATE_HOME=/root/race/home \
        exec /opt/caucus/bin/caucus run cluster.json --cau-plugin-name apt --force --out run "$@"' - \
        "${order-}" "$@" >"$work/$name/out" 2>"$work/$name/talk" </dev/null &
    pid=$!
    started+=("$pid")
}
# How far the loser came: it saw the lock, or lost the claim, or the confirmation.
how_far() { # NODE
    on "$1" cut -d ' ' -f 3 /root/race/held/log | sort -u >"$work/log"
    if grep -q Confirm "$work/log"; then echo confirmation
    elif grep -q Claim "$work/log"; then echo claim
    else echo reading; fi
}

race() { # NODE NODE
    local first second codes code won lost
    order="tick Claim"
    racer_start "$1" "racer-$1"
    first=$pid
    racer_start "$2" "racer-$2"
    second=$pid
    run_wait "$first"
    codes=$code
    run_wait "$second"
    case "$codes $code" in
        '0 75') won=$1 lost=$2 ;;
        '75 0') won=$2 lost=$1 ;;
        *)
            tail -n 5 "$work/racer-$1/talk" "$work/racer-$2/talk" >&2
            fail "race $n: $1 ended with $codes, $2 with $code"
            ;;
    esac
    wins[$won]=$((${wins[$won]:-0} + 1))
    where=$(how_far "$lost")
    at[$where]=$((${at[$where]:-0} + 1))
}
