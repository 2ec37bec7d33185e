# lib.sh - what the tests of the testbed share; read by bash.
#
# CAUCUS is the program, else that of CAUCUS_BUILD. The testbed under test is $bed, in a directory whose name is
# as unpleasant as names may be. Everything ends with this shell.
set -euo pipefail
caucus=${CAUCUS:-${CAUCUS_BUILD:?the build directory}/bin/caucus}
name=$(basename "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/a testbed, with: 100% signs'.XXXXXX")
bed=$work/bed
export CAUCUS_TESTBED=$bed CAUCUS_TESTBED_OWNER=$$

fail() {
    echo "$name: $1" >&2
    [ ! -e "$bed/log" ] || cat "$bed/log" >&2
    [ ! -e "$bed/facts.ndjson" ] || tail -n 20 "$bed/facts.ndjson" >&2
    exit 1
}
tb() { "$caucus" testbed "$@"; }
order() { tb order "$@"; }
finish() {
    [ ! -e "$bed/lock" ] || tb down >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap finish EXIT

up() { # ARGUMENT...: of `caucus testbed up`; ends the test where no testbed can be
    local code=0
    tb up "$@" >"$work/up" 2>&1 || code=$?
    [ $code != 77 ] || { cat "$work/up" >&2 && exit 77; }
    [ $code = 0 ] || { cat "$work/up" >&2 && fail "up $* ended with $code"; }
}
last=$EPOCHREALTIME
step() { # NAME: seconds since the last step
    local now=$EPOCHREALTIME
    printf '  %-44s %6.2f s\n' "$1" "$(((${now/./} - ${last/./}) / 10000))e-2"
    last=$now
}
until_true() { # SECONDS COMMAND...
    local limit=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $limit ] || fail "not within the time: $*"
        sleep 0.05
    done
}
boot_id() { tb shell "$1" cat /proc/sys/kernel/random/boot_id; }
booted_anew() { # NODE OLD-BOOT-ID
    local id
    id=$(boot_id "$1" 2>/dev/null) && [ "$id" != "$2" ]
}
power_of() { tb status --format json | jq -r --arg n "$1" '.nodes[] | select(.name == $n) | .power'; }
is_power() { [ "$(power_of "$1")" = "$2" ]; }
state_of() { tb status --format json | jq -r --arg n "$1" '.nodes[] | select(.name == $n) | .state'; }
facts() { # NODE FACT: how many there are
    jq -r --arg n "$1" --arg f "$2" 'select(.node == $n and .fact == $f) | .at' "$bed/facts.ndjson" | wc -l
}
happened() { [ "$(facts "$1" "$2")" -ge "$3" ]; }
online() { # VIEWER: how many nodes it sees
    tb shell "$1" crm_mon -1 --output-as=xml 2>/dev/null | grep -c '<node .*online="true".*pending="false" unclean="false"'
}
running_on() { # NODE: how many resources
    tb shell node1 crm_mon -1 --output-as=xml | sed -n "s/.*<node name=\"$1\".*resources_running=\"\([0-9]*\)\".*/\1/p"
}
drained() { [ "$(running_on "$1")" = 0 ]; }
quorate() { tb shell "$1" corosync-quorumtool -s 2>/dev/null | grep -q '^Quorate: *Yes'; }
inquorate() { ! quorate "$1"; }
refused() { # WORD...: an order that must be refused
    ! order "$@" >/dev/null 2>&1 || fail "order $*: it was carried out"
}

# What is on this machine that a testbed makes: the same before and after.
machine() {
    ls /sys/class/net
    cut -d ' ' -f 5 /proc/self/mountinfo | sort
}
# Processes and mounts that still name the state directory, and the directory itself.
leftovers() {
    grep -l -s -F "$work/" /proc/[0-9]*/mountinfo 2>/dev/null || true
    for cwd in /proc/[0-9]*/cwd; do
        case $(readlink "$cwd" 2>/dev/null) in "$work"/*) echo "$cwd" ;; esac
    done
    ls -d "$bed" 2>/dev/null || true
}
nothing_left() { [ -z "$(leftovers)" ]; }
