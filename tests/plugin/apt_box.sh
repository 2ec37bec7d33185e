# apt_box.sh - read by test_apt.sh: a throw-away root with a package database of its own, and a
# repository of packages built on the spot.
#
# The root is this machine's, under an overlay that only this process sees; dpkg's and apt's folders
# in it are new and empty. So dpkg, apt and their scripts are real, and nothing of the machine is
# touched. Needs root, or a user who may make namespaces; exit 77 says why when neither works.

cannot() {
    echo "cannot run here: $*"
    exit 77
}

# Runs this script once more in namespaces of its own: a tree of processes that ends as a whole.
enter_namespaces() { # SCRIPT
    for tool in unshare mount chroot dpkg-deb apt-get jq; do
        command -v $tool >/dev/null || cannot "$tool is missing"
    done
    flags=-mpf
    [ "$(id -u)" = 0 ] || flags=-Urmpf
    unshare $flags true 2>/dev/null || cannot "no namespaces for user $(id -un)"
    export CAUCUS_BOX=1
    exec unshare $flags --kill-child "$1"
}

BOX=/mnt # any folder that is there: what is mounted on it nobody else sees

make_root() {
    mount -t tmpfs -o mode=755 tmpfs "$BOX" || cannot "no tmpfs"
    mkdir "$BOX/up" "$BOX/work" "$BOX/root"
    mount -t overlay -o "lowerdir=/,upperdir=$BOX/up,workdir=$BOX/work" overlay "$BOX/root" 2>/dev/null ||
        cannot "no overlay over the root file system"
    root=$BOX/root
    [ -x "$root/usr/bin/dpkg" ] || cannot "/usr is a file system of its own"
    for dir in run tmp srv etc/apt var/lib/dpkg var/lib/apt var/cache/apt var/log; do
        mkdir -p "$root/$dir"
        mount -t tmpfs -o mode=755 tmpfs "$root/$dir"
    done
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc" || cannot "no proc"
    mkdir -p "$root/etc/apt/apt.conf.d" "$root/etc/apt/preferences.d" \
        "$root/etc/apt/sources.list.d" "$root/etc/apt/trusted.gpg.d" "$root/var/lib/apt/lists/partial" \
        "$root/var/cache/apt/archives/partial" "$root/var/log/apt" "$root/var/lib/dpkg/info" \
        "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/triggers"
    : >"$root/var/lib/dpkg/status"
    echo 'APT::Sandbox::User "root";' >"$root/etc/apt/apt.conf.d/box"
    cp "$CAUCUS_BUILD/bin/caucus-node" "$root/srv/caucus-node"
}

inside() {
    chroot "$root" env -i PATH=/srv:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}

# ---- packages ----

package() { # REPOSITORY NAME VERSION [CONTROL-LINE]...; postinst and conffile lie beside
    repository=$root/srv/$1 name=$2 version=$3
    shift 3
    tree=$root/tmp/tree
    rm -rf "$tree"
    mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name" "$repository"
    chmod 755 "$tree" "$tree/DEBIAN"
    echo "$version" >"$tree/usr/share/$name/version"
    {
        printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Test <test@example.invalid>\n' \
            "$name" "$version"
        [ $# = 0 ] || printf '%s\n' "$@"
        printf 'Description: test package %s\n' "$name"
    } >"$tree/DEBIAN/control"
    if [ -n "${postinst-}" ]; then
        printf '#!/bin/sh\nset -e\n[ "$1" = configure ] || exit 0\n%s\n' "$postinst" \
            >"$tree/DEBIAN/postinst"
        chmod 755 "$tree/DEBIAN/postinst"
    fi
    if [ -n "${conffile-}" ]; then
        mkdir "$tree/etc"
        echo "$conffile" >"$tree/etc/$name.conf"
        echo "/etc/$name.conf" >"$tree/DEBIAN/conffiles"
    fi
    dpkg-deb --root-owner-group -Znone -b "$tree" "$repository" >/dev/null
}

index() { # REPOSITORY LABEL SUITE: its list, and a Release that says what it is
    (
        cd "$root/srv/$1"
        : >Packages
        for deb in *.deb; do
            [ -e "$deb" ] || continue
            dpkg-deb -f "$deb"
            printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" \
                "$(sha256sum <"$deb" | cut -d' ' -f1)"
        done >Packages
        printf 'Origin: Test\nLabel: %s\nSuite: %s\nCodename: %s\nDate: %s\nSHA256:\n %s %s Packages\n' \
            "$2" "$3" "$3" "$(LC_ALL=C date -Ru)" "$(sha256sum <Packages | cut -d' ' -f1)" \
            "$(stat -c %s Packages)" >Release
    )
}

source_add() { # REPOSITORY
    echo "deb [trusted=yes] copy:/srv/$1 ./" >"$root/etc/apt/sources.list.d/$1.list"
}
