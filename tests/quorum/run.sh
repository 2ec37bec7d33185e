#!/bin/bash
# run.sh [--sequences N] [--seed S] [--jobs J] [--device PERCENT] [--keep DIR]
#
# Compares the votequorum of core/quorum.c with real Corosync over N random sequences of joins, clean
# leaves, crashes, splits and heals of small clusters. Needs root, corosync, iproute2 and a C compiler.
# Exit: 0 all equal, 1 some differ (printed), 2 trouble, 77 this machine cannot do it.
#
# Everything happens in one outer pid, net, mount, ipc and uts namespace whose pid 1 is this script
# again: however that ends, processes, mounts and networks end with it, and files were on its tmpfs.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)

if [ "${1:-}" != --inside ]; then
    for tool in corosync corosync-quorumtool ip unshare "${CC:-cc}"; do
        command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
    done
    unshare -m -n -p -f -u -i --mount-proc --kill-child=KILL sh -c '
        ip link add br0 type bridge && ip link add v0 type veth peer name v1 &&
        mount -t tmpfs none /mnt' 2>/dev/null ||
        { echo "skipped: no right to make namespaces, bridges and mounts"; exit 77; }
    exec unshare -m -n -p -f -u -i --mount-proc --kill-child=KILL "$0" --inside "$@"
fi
shift

sequences=100 seed=1 jobs=20 keep= device=15
while [ $# -gt 0 ]; do
    case $1 in
    --sequences) sequences=$2; shift;;
    --seed) seed=$2; shift;;
    --jobs) jobs=$2; shift;;
    --keep) keep=$2; shift;;
    --device) device=$2; shift;;
    *) echo "run.sh: unknown argument $1" >&2; exit 2;;
    esac
    shift
done

cd "$top" || exit 2
for place in /mnt /media /srv; do
    case $top/ in "$place"/*) ;; *) break;; esac
done
mount -t tmpfs -o mode=755 none "$place" || exit 77
work=$place/vq
mkdir "$work"
flags="-std=c11 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow"
# shellcheck disable=SC2086
"${CC:-cc}" $flags -I. -o "$work/oracle" tests/quorum/vq_oracle.c core/quorum*.c || exit 2
# shellcheck disable=SC2086
"${CC:-cc}" $flags -I. -o "$work/rig" tests/quorum/vq_rig.c tests/quorum/vq_node.c \
    tests/quorum/vq_log.c || exit 2
mkdir "$work/run"
# A share of the sequences has a quorum device, if corosync-qdevice and corosync-qnetd are here.
command -v corosync-qdevice >/dev/null && command -v corosync-qnetd >/dev/null &&
    export VQ_DEVICE=$device
[ -z "$keep" ] || export VQ_KEEP=1
"$work/rig" "$work/run" "$work/oracle" "$sequences" "$seed" "$jobs" 2>"$work/errors"
rc=$?
[ $rc = 2 ] && tail -5 "$work/errors" >&2
if [ -n "$keep" ]; then mkdir -p "$keep" && cp -r "$work/run/." "$keep"; fi
exit $rc
