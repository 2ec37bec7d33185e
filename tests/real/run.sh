#!/bin/bash
# run.sh [DIR] - the seam against real Pacemaker: brings up a testbed of three nodes, lets the core drive node2
# through it (seam_test.c), looks at the cluster with Pacemaker's own tools, takes it down. Journals and traces
# stay in DIR if it is given.
# Exit: 0 all well, 1 not, 77 this machine cannot do it (said in a sentence).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tb=$top/tests/testbed/tb
work=$(mktemp -d "${TMPDIR:-/tmp}/caucus-seam.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tb" "$work/run"
runs=${1:-$work/run}

fail() {
    echo "run.sh: $1" >&2
    exit 1
}

program=${CAUCUS_BUILD:-/nowhere}/tests/seam_test
if [ ! -x "$program" ]; then
    program=$work/seam_test
    pkg-config --exists libxml-2.0 libcjson 2>/dev/null ||
        { echo "skipped: libxml2-dev or libcjson-dev is missing"; exit 77; }
    # shellcheck disable=SC2046
    (cd "$top" && "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE=1 -O1 -g -I. $(pkg-config --cflags libxml-2.0 libcjson) \
        -o "$program" core/*.c core/shell/*.c tests/real/*.c $(pkg-config --libs libxml-2.0 libcjson))
fi

export TB_OWNER=$$ CAUCUS_TB=$work/tb
"$tb" up 3 >/dev/null
trap '"$tb" down; rm -rf "$work"' EXIT
"$tb" wait

on() { "$tb" exec "$@"; }
step() { # NAME [REASON]...
    local name=$1
    shift
    "$tb" in "$program" "$name" "$CAUCUS_TB/ssh_config" "$top/tests/real" "$runs" node1 node2 node3 "$@" ||
        { tail -40 "$runs/${1:-$name}-trace.txt" >&2; fail "$name failed"; }
}
boot_ids() { for node in node1 node2 node3; do echo "$node $(on $node cat /proc/sys/kernel/random/boot_id)"; done; }
places() { # of what can be moved
    for id in dummy1 dummy2 dummy3 ip; do on node1 crm_resource -W -r $id 2>/dev/null; done
}
config() { on node1 cibadmin -Q -o "$1"; }

boot_ids >"$work/boots"
places | grep -w node2 >"$work/places" || fail "nothing ran on node2, so that nothing can come back"
step update
[ "$(diff "$work/boots" <(boot_ids) | grep -c '^> node2')" = 1 ] || fail "node2 has no new boot id"
[ "$(diff "$work/boots" <(boot_ids) | grep -c '^>')" = 1 ] || fail "another node than node2 has a new boot id"
diff "$work/places" <(places | grep -w node2) >&2 || fail "what ran on node2 is not back on it"
config nodes | grep -q 'name="standby" value="off"' || fail "node2's standby is not off"
! config nodes | grep -q 'name="standby" value="on"' || fail "a standby was left"
! config constraints | grep -q rsc_location || fail "a constraint was left"
[ "$(on node2 cat /var/lib/caucus-scripts | cut -d ' ' -f 1 | tr '\n' ' ')" = "pre post " ] || fail "scripts: not pre, post"
for node in node1 node2 node3; do
    on $node sh -c 'grep -q Succeeded /var/lib/caucus/reports/*.json' || fail "no report on $node"
done
! "$tb" log | grep -q 'reboot node. asked by node' || fail "a node was fenced"

step nothing

on node1 cibadmin --create -o crm_config -X '<cluster_property_set id="caucus-request">
    <nvpair id="caucus-request-value" name="caucus-request" value="7:operator:STOP"/></cluster_property_set>'
step stale

on node2 rm /var/lib/caucus-demo-1 # so that there is something to do
on node3 poweroff # in order: it is missed, and clean
until [ ! -e "$CAUCUS_TB/st/node3.pid" ]; do sleep 0.1; done
step refused QuorumWouldBeLost

"$tb" on node3
"$tb" wait
on node1 crm_resource -r fence --meta -p target-role -v Stopped >/dev/null # nobody can fence now
"$tb" wait
"$tb" kill node3
until on node1 crm_mon -1 --output-as=xml | grep '<node name="node3"' | grep -q 'unclean="true"'; do sleep 0.1; done
step refused OtherNodeUnclean
[ "$(boot_ids 2>/dev/null | grep -w node2)" = "$(diff "$work/boots" <(boot_ids 2>/dev/null) | sed -n 's/^> \(node2\)/\1/p')" ] ||
    fail "node2 was booted again"
echo "all well"
