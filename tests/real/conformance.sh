#!/bin/bash
# conformance.sh - the conformance suite, which every backend is held to, against real Pacemaker: brings up a testbed
# of three nodes, lets tests/conform provoke the backend, looks at the cluster with Pacemaker's own tools, takes it
# down. Takes a quarter of an hour, since the suite waits for what must not come.
# Exit: 0 all well, 1 not, 77 this machine cannot do it (said in a sentence).
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -x "$tools/conform" ] || skip "the tool conform was not built (see the messages of cmake)"
bed_up "$real/three.json"
boots() { for node in "${nodes[@]}"; do echo "$node $(on "$node" cat /proc/sys/kernel/random/boot_id)"; done; }
boots >"$work/boots"
"$tools/conform" testbed apt || fail "the backend does not conform"

config() { on node1 cibadmin -Q -o "$1"; }
! config nodes | grep -q 'name="standby" value="on"' || fail "a standby was left"
! config nodes | grep -q 'name="maintenance" value="true"' || fail "a maintenance was left"
! config constraints | grep -q 'caucus-back' || fail "a constraint was left"
config crm_config | grep -q 'name="caucus-lock" value="0\{32\}:' || fail "the lock is not free"
[ "$(boots | diff "$work/boots" - | grep -c '^>')" = 1 ] || fail "not exactly one node was booted again"
boots | diff "$work/boots" - | grep -q '^> node3' || fail "another node than node3 was booted again"
say "all well"
