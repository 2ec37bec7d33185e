#!/bin/sh
# bad.sh WHAT [ARCHIVE] - shows that a check can fail: it must refuse bad/WHAT, with every sentence of
# bad/WHAT/expected and no other. What is too long to be kept is made by bad/WHAT/make.sh, in a copy.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
sample=$here/bad/$1
if [ -e "$sample/make.sh" ]; then
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    cp -r "$sample/." "$copy"
    sample=$copy
    (cd "$copy" && sh make.sh)
fi
if found=$(sh "$here/check.sh" "$1" "${2:-$sample}" 2>/dev/null); then
    echo "bad.sh: $1 finds nothing wrong in $sample" >&2
    exit 1
else
    code=$?
fi
[ "$code" -eq 1 ] || exit "$code" # 77: cannot look here
if [ "$(printf '%s\n' "$found" | sort)" != "$(sort "$sample/expected")" ]; then
    printf 'bad.sh: %s says\n%s\nand should say\n' "$1" "$found" >&2
    cat "$sample/expected" >&2
    exit 1
fi
