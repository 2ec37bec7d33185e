# gather.sh [node|cluster] - runs on a node (`ssh NODE sh -s cluster <gather.sh`), prints raw sections, parses
# nothing. `node`: what only the node itself knows, asked of every node. `cluster`: what one member sees of all
# of them besides; two members asked so are the view's two observers.
#
#     == NAME             a section begins
#     ...                 the command's output; standard error is left out
#     == NAME rc N        it ended with N (124: no answer within the time)
#
# The pictures of the cluster are all made from ONE copy of the CIB, so that they cannot contradict each other.
# While a membership changes a command may hang for seconds: quorum is asked first and last, and what lies
# between belongs to one membership only if both answers name the same ring.
# POSIX sh, nothing needed on the node but Pacemaker, Corosync and coreutils.
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
copy=$(mktemp) || exit
trap 'rm -f "$copy"' EXIT

section() { # NAME CMD...
    name=$1
    shift
    echo "== $name"
    timeout 3 "$@" 2>/dev/null
    echo "== $name rc $?"
}

section time date +%s%3N
section name uname -n
section boot cat /proc/sys/kernel/random/boot_id
section startup systemctl is-system-running
section restart test -e /run/reboot-required
section helper cat /run/caucus/operation
[ "${1-cluster}" = cluster ] || exit 0

section quorum corosync-quorumtool -s
section votes corosync-cmapctl nodelist.
timeout 3 cibadmin -Q -l >"$copy" 2>/dev/null
section cib cat "$copy"
section mon env CIB_file="$copy" crm_mon -1 --output-as=xml
section planned crm_simulate -x "$copy" -S --output-as=xml
# the name of the node whose id is the CIB's dc-uuid; node_state has its attributes in either order
dc=$(sed -n 's/^<cib .* dc-uuid="\([^"]*\)".*/\1/p' "$copy")
dc=$(grep '<node_state ' "$copy" | grep " id=\"$dc\"" | sed 's/.* uname="\([^"]*\)".*/\1/')
section controller crmadmin -S "$dc" --output-as=xml
section quorum-again corosync-quorumtool -s
