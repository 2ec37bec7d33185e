#!/bin/bash
# cleanroom.sh [COMMAND...] - proves that the first commands of the README work where nothing is
# prepared: makes a minimal Debian 12 in a fresh directory, copies this tree (without git history and
# builds) into it under a path with spaces, and runs there, one after the other,
#
#     scenarios/quickstart.sh        as root
#     tests/run.sh                   as a user who has sudo
#
# or, when given, COMMAND instead (as root, in the copy). Needs root, mmdebstrap, a Debian mirror, and
# 3 GB under $CAUCUS_CLEANROOM (default /var/tmp); the room is removed at the end. The mirror and the
# proxies are those of this machine's apt. An optional tool: no test depends on it.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "cleanroom.sh: must be root (mounts, chroot)" >&2; exit 77; }
command -v mmdebstrap >/dev/null || { echo "cleanroom.sh: needs mmdebstrap" >&2; exit 77; }

room=$(mktemp -d "${CAUCUS_CLEANROOM:-/var/tmp}/cleanroom.XXXXXX")
inside="/home/ada/a path with spaces/caucus"
leave() {
    # Not recursively: what is mounted there is taken down first, and a mount that stays keeps the room.
    for mounted in dev/pts dev proc; do
        if mountpoint -q "$room/$mounted"; then umount -l "$room/$mounted"; fi
    done
    rm -rf --one-file-system "$room"
}
trap leave EXIT
trap 'exit 130' INT TERM

mirror=$(apt-cache policy 2>/dev/null |
    awk '$1 ~ /^[0-9]+$/ && $3 ~ /^bookworm\/main/ && !found { print $2; found = 1 }')
begin=$SECONDS
mmdebstrap --quiet --variant=minbase bookworm "$room" "${mirror:-http://deb.debian.org/debian}"
echo "minimal Debian 12: $((SECONDS - begin)) s, $(chroot "$room" dpkg-query -f '.\n' -W | wc -l) packages"

# What apt needs to reach the mirror from here, and nothing else.
apt-config dump | grep -E '^Acquire::(http|https)::Proxy |^Acquire::Check-(Valid-Until|Date) ' \
    >"$room/etc/apt/apt.conf.d/90mirror" || true
cp -L /etc/resolv.conf /etc/hosts "$room/etc/"
mount -t proc proc "$room/proc"
mount --bind /dev "$room/dev"
mount --bind /dev/pts "$room/dev/pts"

mkdir -p "$room$inside"
tar -C "$top" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$room$inside" -xf -

in_room() { # USER COMMAND...: in the copy, with nothing of this machine's environment
    local user=$1
    shift
    chroot "$room" /usr/bin/env -i HOME="/home/$user" USER="$user" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
        /bin/sh -c 'cd "$1" && shift && user=$1 && shift &&
            if [ "$user" = root ]; then exec "$@"; else exec setpriv --reuid "$user" --regid "$user" --init-groups "$@"; fi' \
        sh "$inside" "$user" "$@"
}

if [ $# -gt 0 ]; then
    in_room root "$@"
    exit
fi

begin=$SECONDS
in_room root scenarios/quickstart.sh
echo "quickstart.sh as root: $((SECONDS - begin)) s"

# The second command meets what the first left, but as another user, in a copy of his own.
in_room root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install sudo >/dev/null 2>&1
chroot "$room" useradd --no-create-home --home-dir /home/ada --shell /bin/sh ada
echo 'ada ALL=(ALL) NOPASSWD: ALL' >"$room/etc/sudoers.d/ada"
rm -rf "$room$inside/build"
chroot "$room" chown -R ada: /home/ada
begin=$SECONDS
in_room ada tests/run.sh
echo "tests/run.sh with sudo: $((SECONDS - begin)) s"
