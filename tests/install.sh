#!/bin/sh
# install.sh build|test - installs what is missing of tests/packages.txt (build: what the program
# needs; test: all of it), as root or through sudo, and nothing when nothing is missing.
set -eu
list=$(cd "$(dirname "$0")" && pwd)/packages.txt
what=${1:?usage: install.sh build|test}

missing=
while read -r package sign for; do
    case $package in '#'* | '') continue ;; esac
    [ "$for" = build ] || [ "$what" = test ] || continue
    case $sign in
    /*) [ -e "$sign" ] ;;
    *) command -v "$sign" >/dev/null ;;
    esac || missing="$missing $package"
done <"$list"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install.sh: please install what Debian calls$missing: there is no apt-get here" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install.sh: please install$missing: this is neither root nor is sudo here" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
# shellcheck disable=SC2086 # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
