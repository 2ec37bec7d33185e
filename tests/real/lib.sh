# shellcheck shell=bash
# lib.sh - what the tests of the real cluster share; read by bash with `set -euo pipefail`.
#
# They look at nodes, disks and the cluster with their own tools, and at Caucus by what it writes; where a
# statement is about what happened, its witness is somebody else: the testbed's supervisor (facts.ndjson), dpkg's
# log, Pacemaker. Everything they write is in $work. Exit: 0 all well, 1 not, 77 this machine cannot do it.
real=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
caucus=${CAUCUS:-${CAUCUS_BUILD:-$real/../../build}/bin/caucus}
tools=${CAUCUS_BUILD:-$real/../../build}/tests
export LC_ALL=C
me=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/caucus-$me.XXXXXX")
nodes=()

say() { echo "$me: $*"; }
fail() {
    echo "$me: $*" >&2
    [ -z "${CAUCUS_KEEP-}" ] || echo "$me: everything is in $work" >&2
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}

# Ends what this test has started, by its process id, and the testbed.
started=()
finish() {
    local code=$? pid
    trap - EXIT
    for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null; done
    [ ! -e "$work/bed" ] || "$caucus" testbed down >/dev/null 2>&1 || true
    if [ -n "${CAUCUS_KEEP-}" ]; then echo "$me: everything is in $work"; else rm -rf "$work"; fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
# until_true SECONDS WHAT COMMAND...: WHAT is said when the time is over
until_true() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $limit ] || fail "$what: not within $((limit - SECONDS)) s of the limit"
        sleep 0.05
    done
}

# ---- the testbed ----

bed_up() { # ARGUMENT...: of `caucus testbed up`
    local code=0
    export CAUCUS_TESTBED=$work/bed CAUCUS_TESTBED_OWNER=$$
    "$caucus" testbed up "$@" >"$work/up" 2>&1 || code=$?
    [ $code != 77 ] || skip "$(tail -n 1 "$work/up")"
    [ $code = 0 ] || { cat "$work/up" >&2; fail "the testbed did not come up, exit code $code"; }
    mapfile -t nodes < <(jq -r '.nodes[].name' "$work/bed/scenario.json")
}
bed_down() {
    "$caucus" testbed down >"$work/down" 2>&1 || { cat "$work/down" >&2; fail "the testbed did not go down"; }
}
# What is on this machine that a testbed makes: taken before and after, it must be the same.
machine() {
    ls /sys/class/net
    cut -d ' ' -f 5 /proc/self/mountinfo | sort
    grep -l -s -F "$work/bed" /proc/[0-9]*/mountinfo /proc/[0-9]*/cmdline || true
    ls -d "$work"/bed 2>/dev/null || true
}

on() { # NODE COMMAND...
    "$caucus" testbed shell "$@"
}
# The node that answers for the cluster here: any that has power.
speaker() {
    local node
    for node in "${nodes[@]}"; do
        on "$node" true 2>/dev/null && echo "$node" && return
    done
    fail "no node answers"
}
cib() { # SECTION
    on "$(speaker)" cibadmin -Q -o "$1"
}
boot_of() { # NODE
    on "$1" cat /proc/sys/kernel/random/boot_id
}
boots() { for node in "${nodes[@]}"; do echo "$node $(boot_of "$node")"; done; }
facts() { # NODE FACT: how often, since `mark`
    jq -r --arg node "$1" --arg fact "$2" --argjson since "${mark_at:-0}" \
        'select(.node == $node and .fact == $fact and .at >= $since) | .at' "$work/bed/facts.ndjson" | wc -l
}
mark() { mark_at=$(milliseconds); }
# Where each thing is active that a location constraint can name: "RESOURCE ROLE NODE".
places() {
    on "$(speaker)" crm_mon -1 --output-as=xml |
        sed -n 's/.*<resource id="\([^"]*\)".* role="\([^"]*\)".* active="true".*/\1 \2/p; s/.*<node name="\([^"]*\)".*cached=.*/on \1/p' |
        awk '$1 == "on" { for (i in waiting) print waiting[i], $2; delete waiting; n = 0; next } { waiting[++n] = $0 }' |
        grep -v -e '-one ' | sort # instances of clones are named so
}

# Before a test changes them: what dpkg knows of each node; and back, so that the same updates are due again.
remember_packages() {
    for node in "${nodes[@]}"; do
        on "$node" sh -c 'rm -rf /var/lib/dpkg.first && cp -a /var/lib/dpkg /var/lib/dpkg.first'
    done
}
forget_updates() {
    for node in "${nodes[@]}"; do
        on "$node" sh -c 'rm -rf /var/lib/dpkg && cp -a /var/lib/dpkg.first /var/lib/dpkg &&
            rm -rf /run/reboot-required* /run/caucus/restart-required && : >/var/log/dpkg.log &&
            rm -f /var/log/apt/history.log'
    done
}

# ---- coordinators ----

# run_start NAME [WORD...]: `caucus run testbed WORD...` in the background, in a state home of its own; sets pid.
# Records are in $work/NAME/records, its talk in $work/NAME/talk, the run directory is $work/NAME/run.
run_start() {
    local name=$1
    shift
    mkdir -p "$work/$name/home"
    : >"$work/$name/records"
    XDG_STATE_HOME=$work/$name/home "$caucus" run testbed --profile "$work/bed/profile.json" --force \
        --format json --out "$work/$name/run" "$@" >"$work/$name/records" 2>"$work/$name/talk" </dev/null &
    pid=$!
    started+=("$pid")
}
run_again() { # NAME WORD...: the same, with the directory that is there
    local name=$1
    shift
    XDG_STATE_HOME=$work/$name/home "$caucus" run testbed --force --format json "$@" \
        >>"$work/$name/records" 2>>"$work/$name/talk" </dev/null &
    pid=$!
    started+=("$pid")
}
run_wait() { # PID: its exit code in `code`
    code=0
    wait "$1" || code=$?
}
show_run() { # NAME: for whoever looks why
    tail -n 20 "$work/$1/talk" >&2
    tail -n 30 "$work/$1/run/trace.txt" >&2 || true
}
# The state that a node has entered, the newest first node of all: waits for a record.
recorded() { # NAME PATTERN
    grep -q -E "$2" "$work/$1/records"
}
alive() { kill -0 "$1" 2>/dev/null; }

# ---- an ssh that holds back ----

held_up() { # NAME: makes $work/NAME/held; whoever starts with held_path meets it
    local dir=$work/$1/held
    mkdir -p "$dir" "$work/$1/bin"
    ln -sf "$tools/held_ssh" "$work/$1/bin/ssh"
    [ -p "$dir/release" ] || mkfifo "$dir/release"
    export CAUCUS_HELD=$dir CAUCUS_HELD_SSH
    CAUCUS_HELD_SSH=${CAUCUS_HELD_SSH:-$(PATH=${PATH#"$work/$1/bin:"} command -v ssh)}
    [[ :$PATH: = *:$work/$1/bin:* ]] || PATH=$work/$1/bin:$PATH
}
held_order() { # NAME ORDER...
    local dir=$work/$1/held
    shift
    rm -f "$dir/taken" "$dir/held"
    echo "$*" >"$dir/.order"
    mv "$dir/.order" "$dir/order"
}
held_release() { # NAME
    echo >"$work/$1/held/release"
}
held_done() { # no test wants it any more
    PATH=$(tr : '\n' <<<"$PATH" | grep -v "^$work/" | paste -s -d :)
    unset CAUCUS_HELD
}

# ---- what must be true of a cluster that nobody works on ----

check_at_rest() {
    local view left
    view=$(on "$(speaker)" crm_mon -1 --output-as=xml)
    for node in "${nodes[@]}"; do
        grep -q "<node name=\"$node\" .*online=\"true\" standby=\"false\".*maintenance=\"false\".*unclean=\"false\"" \
            <<<"$view" || fail "$node is not a clean member in service: $(grep "<node name=\"$node\"" <<<"$view")"
        # shellcheck disable=SC2016 # the node's shell expands it
        on "$node" sh -c '[ ! -e /run/caucus/busy ] || ! grep -q ":$(stat -c %i /run/caucus/busy) " /proc/locks' ||
            fail "something is still under way on $node: $(on "$node" cat /run/caucus/busy)"
    done
    ! cib nodes | grep 'name="caucus-\(by\|away\)" value="[^"]' >/dev/null || fail "a node is still marked as suspended by Caucus"
    left=$(cib constraints | grep -o 'id="caucus-[^"]*"' || true)
    [ -z "$left" ] || fail "constraints were left: $left"
    "$caucus" lock show testbed --quiet >/dev/null 2>&1 || fail "the lock is not free: $("$caucus" lock show testbed 2>&1)"
}
no_helpers() { # the sessions are over once nobody listens
    local node
    for node in "${nodes[@]}"; do
        ! on "$node" sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null' | tr '\0' ' ' | grep 'caucus-node-[0-9a-f]* session' >/dev/null ||
            return 1
    done
}

check_installed() { # NODE PACKAGE
    # shellcheck disable=SC2016 # dpkg's own ${}
    on "$1" dpkg-query -W -f '${db:Status-Abbrev} ${Version}' "$2" | grep -q '^ii  2\.0' ||
        fail "$2 is not installed in its version 2.0 on $1"
}
# Each package of the scenario configured once on each node since its log was emptied.
check_installed_once() {
    local node package count
    for node in "${nodes[@]}"; do
        on "$node" cat /var/log/dpkg.log >"$work/dpkg.log"
        for package in $(expected_packages "$node"); do
            count=$(grep -c " configure $package:[^ ]* 2\.0 " "$work/dpkg.log") || true
            [ "$count" = 1 ] || fail "$package was configured $count times on $node"
            check_installed "$node" "$package"
        done
    done
}
expected_packages() { # NODE: those of the scenario, by the plug-in that dpkg knows of
    jq -r --arg node "$1" '.updates[] | select((.nodes // []) | . == [] or index($node)) | .id' "$work/bed/scenario.json"
}
check_booted() { # TIMES
    local node count
    for node in "${nodes[@]}"; do
        count=$(facts "$node" power)
        [ "$count" = "$1" ] || fail "$node was booted $count times, not $1"
    done
}
# The report: STATUS, each node Succeeded with the results of all its updates, restarted once.
check_report() { # FILE
    local node want
    jq -e '.ClusterResult.Status == "Succeeded"' "$1" >/dev/null ||
        fail "the report says $(jq -c '.ClusterResult | [.Status, .ErrorRecordData]' "$1")"
    for node in "${nodes[@]}"; do
        want=$(expected_packages "$node" | wc -l)
        jq -e --arg node "$node" --argjson want "$want" '.ClusterResult.NodeResults[] | select(.Node == $node) |
            .Status == "Succeeded" and .DetailsMissing == false and .Restarts == 1 and
            ([.InstallResults[] | select(.UpdateResultCode == "Succeeded") | .UpdateId] | unique | length) == $want' \
            "$1" >/dev/null || fail "the report's $node: $(jq -c --arg node "$node" \
                '.ClusterResult.NodeResults[] | select(.Node == $node) | del(.TimingBreakdownUTC)' "$1")"
    done
}
check_replay() { # RUN-DIRECTORY
    "$caucus" replay "$1" >"$work/replay" || fail "replay: $(cat "$work/replay")"
}
