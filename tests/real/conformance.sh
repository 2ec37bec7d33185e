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

# has SECTION PATTERN: of the configuration.
has() { grep -q "$2" <<<"$(on node1 cibadmin -Q -o "$1")"; }
! has nodes 'name="standby" value="on"' || fail "a standby was left"
! has nodes 'name="maintenance" value="true"' || fail "a maintenance was left"
! has constraints 'caucus-back' || fail "a constraint was left"
has crm_config 'name="caucus-lock" value="0\{32\}:' || fail "the lock is not free"
again=$(boots | diff "$work/boots" - | sed -n 's/^> \([^ ]*\).*/\1/p' || true)
[ "$again" = node3 ] || fail "node3 alone should have been booted again, it was: ${again:-nobody}"
say "all well"
