#!/bin/sh
# test_apt.sh - the plug-in apt with the real apt and dpkg, in a throw-away root (apt_box.sh).
#
# Nothing here waits for time to pass: a script that must be met in the middle says so through a
# FIFO, and is held there by another.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt_box.sh"
[ -x "$CAUCUS_BUILD/bin/caucus-node" ] || cannot "there is no caucus-node"
[ -n "${CAUCUS_BOX-}" ] || enter_namespaces "$here/test_apt.sh"
make_root

failed=0
said=$BOX/said
check() { # WHAT JQ-EXPRESSION: over the list of lines that the plug-in said
    if jq -es "$2" "$said" >/dev/null; then
        echo "ok      $1"
    else
        echo "FAILED  $1: $2"
        sed 's/^/        /' "$said"
        failed=1
    fi
}
holds() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $*"
        failed=1
    fi
}
apt() { # VERB WORDS...: what it says is in $said
    inside caucus-node plugin apt --try "$@" >"$said" 2>&1 || true
}
has() { # NAME VERSION STATUS
    [ "$(inside dpkg-query -W -f '${Version} ${db:Status-Status}' "$1" 2>/dev/null)" = "$2 $3" ]
}
ids='[.[].update.id // empty]'
result='.[-1].result'

# ---- the machine at first: everything in version 1 ----

for name in app kernel broken slow conf sec newdep held eater gone; do
    conffile=
    [ $name != conf ] || conffile="setting = 1"
    package main tb-$name 1.0
done
package main tb-plus 1:1.0
package main pacemaker 2.1.5-1
index main Debian stable
source_add main
inside apt-get -qq update
inside apt-get -qq -y install tb-app tb-kernel tb-broken tb-slow tb-conf tb-sec tb-newdep tb-held \
    tb-eater tb-gone tb-plus pacemaker >/dev/null 2>&1
apt Scan
check "nothing is offered when all is new" "$ids == [] and $result == \"ok\""

# ---- version 2 ----

conffile=
package main tb-app 2.0
package main tb-held 2.0
package main tb-plus 1:1.0+
package main tb-newdep 2.0 "Depends: tb-extra"
package main tb-extra 1.0
package main pacemaker 2.1.6-1
postinst='echo "System restart required" >/run/reboot-required; echo tb-kernel >>/run/reboot-required.pkgs' \
    package main tb-kernel 2.0
postinst='[ -e /etc/broken-is-fine ] || { echo "tb-broken: cannot go on" >&2; exit 3; }' \
    package main tb-broken 2.0
# tells who runs it (itself, dpkg, apt-get, the plug-in), and waits until it may go on
postinst='[ -p /run/begun ] || exit 0
pids=$$ pid=$$
for _ in 1 2 3; do pid=$(cut -d" " -f4 /proc/$pid/stat); pids="$pids $pid"; done
echo $pids >/run/begun
read -r _ </run/go' package main tb-slow 2.0
conffile="setting = 2" package main tb-conf 2.0
package security tb-sec 1.0+deb12u1
index main Debian stable
index security Debian-Security stable-security
source_add security
inside apt-mark -qq hold tb-held >/dev/null

apt Scan
all='["pacemaker=2.1.6-1","tb-app=2.0","tb-broken=2.0","tb-conf=2.0","tb-extra=1.0","tb-kernel=2.0","tb-newdep=2.0","tb-plus=1:1.0+","tb-sec=1.0+deb12u1","tb-slow=2.0"]'
check "all updates, and a package that one of them needs" "($ids | sort) == $all and $result == \"ok\""
check "a held package is named, not offered" 'any(.[]; .note == "held" and (.text | test("tb-held")))'
check "sizes are known" 'all(.[].update | select(.); .size > 0)'
check "a new upstream version of the cluster's software says so" \
    '[.[].update | select(.feature_set) | .id] == ["pacemaker=2.1.6-1"]'

apt Scan Select=security
check "security only" "$ids == [\"tb-sec=1.0+deb12u1\"] and $result == \"ok\""
package main tb-sec 1.2
index main Debian stable
apt Scan Select=security
check "a newer ordinary version does not hide the fix" "$ids == [\"tb-sec=1.0+deb12u1\"]"
apt Stage Select=security --update tb-sec=1.0+deb12u1
check "which can be staged" '[.[].update | select(.) | .outcome] == ["Succeeded"]'
rm "$root"/srv/main/tb-sec_1.2_all.deb
index main Debian stable
mv "$root/etc/apt/sources.list.d/security.list" "$root/srv"
apt Scan Select=security
check "without a security archive there is nothing, and that is told" \
    "$ids == [] and $result == \"ok\" and any(.[]; .note == \"security\")"
mv "$root/srv/security.list" "$root/etc/apt/sources.list.d"
apt Scan "Query=tb-new*,tb-app"
check "a query, closed over what it needs" \
    "($ids | sort) == [\"tb-app=2.0\",\"tb-extra=1.0\",\"tb-newdep=2.0\"]"
apt Scan Select=some
check "a wrong argument is named" "$result == \"failed\" and (.[-1].text | test(\"Select: must be all or security\"))"

# ---- staging ----

apt Stage --update tb-app=2.0 --update tb-newdep=2.0 --update tb-extra=1.0 --update tb-plus=1:1.0+
check "staging" '[.[].update | select(.) | .outcome] == ["Succeeded","Succeeded","Succeeded","Succeeded"]'
holds "the file is there" test -e "$root/var/cache/apt/archives/tb-newdep_2.0_all.deb"
holds "a version with an epoch as well" test -e "$root/var/cache/apt/archives/tb-plus_1%3a1.0+_all.deb"
holds "nothing was installed" has tb-app 1.0 installed
apt Stage --update tb-app=9.9
check "a version that does not exist" "$result == \"failed\" and ([.[].update | select(.) | .outcome] == [\"Failed\"])"
apt Stage --update "-oDir=/=1.0"
check "an option is no package" "$result == \"failed\" and (.[-1].text | test(\"must be called NAME=VERSION\"))"
apt Stage --update tb-app=2.0-
check "a minus does not remove" "$result == \"failed\""
apt Install --update tb-newdep=2.0
check "what was not asked for is not installed" \
    "$result == \"failed\" and (.[-1].text | test(\"would also install.*tb-extra=1.0\"))"
holds "and nothing was done" has tb-newdep 1.0 installed

# ---- installing ----

apt Install --update tb-app=2.0 --update tb-newdep=2.0 --update tb-extra=1.0 --update tb-plus=1:1.0+
check "installing" '([.[].update | select(.) | .outcome] | unique) == ["Succeeded"]'
check "without a restart" 'all(.[].update | select(.); .restart | not)'
holds "the version is there" has tb-app 2.0 installed
holds "a version with a plus at its end" has tb-plus 1:1.0+ installed
apt Probe --update tb-app=2.0 --update tb-slow=2.0
check "probing" '[.[].update | select(.) | .outcome] == ["Succeeded","Failed"]'

apt Stage --update tb-kernel=2.0 --update tb-conf=2.0
echo "mine = 1" >"$root/etc/tb-conf.conf"
apt Install --update tb-kernel=2.0 --update tb-conf=2.0
check "a restart is asked for by who wants it" \
    '[.[].update | select(.) | select(.restart) | .id] == ["tb-kernel=2.0"]'
holds "a changed configuration file is kept" grep -q mine "$root/etc/tb-conf.conf"
conffile="setting = 3" package main tb-conf 3.0
index main Debian stable
apt Scan Query=tb-conf
apt Stage --update tb-conf=3.0
apt Install --update tb-conf=3.0 Conffiles=new
check "without a new reason for a restart" 'all(.[].update | select(.); .outcome == "Succeeded" and (.restart | not))'
holds "or replaced" grep -q "setting = 3" "$root/etc/tb-conf.conf"

# ---- a script that fails ----

package main tb-app 3.0
index main Debian stable
apt Scan Query=tb-app,tb-broken
apt Stage --update tb-broken=2.0 --update tb-app=3.0
apt Install --update tb-broken=2.0 --update tb-app=3.0
check "a failing script fails its update, with its code and last words" \
    '.[].update | select(.id == "tb-broken=2.0") | .outcome == "Failed" and .error == 3 and (.description | test("cannot go on"))'
check "and no other" '.[].update | select(.id == "tb-app=3.0") | .outcome == "Succeeded"'
check "which is no failure of the plug-in" "$result == \"ok\""
apt Scan Query=tb-app
check "what is half configured is offered again, whatever is selected" "$ids == [\"tb-broken=2.0\"]"
apt Install --update tb-broken=2.0
check "and fails again" '.[].update | select(.) | .outcome == "Failed"'
touch "$root/etc/broken-is-fine"
apt Install --update tb-broken=2.0
check "until it is repaired" '.[].update | select(.) | .outcome == "Succeeded"'

# ---- killed in the middle ----

mkfifo "$root/run/begun" "$root/run/go"
apt Stage --update tb-slow=2.0
inside caucus-node plugin apt --try Install --update tb-slow=2.0 >"$said" 2>&1 &
read -r pids <"$root/run/begun" # its script runs
kill -9 $pids
wait || true
rm "$root/run/begun" "$root/run/go"
holds "killed in the middle" has tb-slow 2.0 half-configured
package main tb-app 4.0
index main Debian stable
apt Scan
check "what was interrupted is offered" "($ids | index(\"tb-slow=2.0\")) != null and $result == \"ok\""
apt Stage --update tb-app=4.0 --update tb-slow=2.0
check "staging goes on" '([.[].update | select(.) | .outcome] | unique) == ["Succeeded"]'
apt Install --update tb-app=4.0 --update tb-slow=2.0
check "it is repaired, and the rest installed" '([.[].update | select(.) | .outcome] | unique) == ["Succeeded"]'
holds "whole" has tb-slow 2.0 installed


# ---- somebody else uses dpkg ----

package main tb-app 5.0
index main Debian stable
apt Scan Query=tb-app
apt Stage --update tb-app=5.0
postinst='echo >/run/begun; read -r _ </run/go' package other tb-other 1.0
mkfifo "$root/run/begun" "$root/run/go" "$root/run/said"
inside dpkg -i /srv/other/tb-other_1.0_all.deb >/dev/null 2>&1 &
other=$!
read -r _ <"$root/run/begun"
apt Install --update tb-app=5.0 LockWait=0s
check "dpkg's lock is held by somebody else" \
    "$result == \"failed\" and (.[-1].text | test(\"lock\")) and ([.[].update | select(.) | .outcome] == [\"Failed\"])"
holds "nothing was done meanwhile" has tb-app 4.0 installed
inside caucus-node plugin apt --try Install --update tb-app=5.0 LockWait=5m >"$root/run/said" 2>&1 &
waiting=$!
exec 3<"$root/run/said"
: >"$said"
while read -r line <&3; do # until it says that it waits
    echo "$line" >>"$said"
    case $line in *'"waiting: '*) break ;; esac
done
echo >"$root/run/go"
wait $other
cat <&3 >>"$said"
exec 3<&-
wait $waiting
check "and is waited for" '.[].update | select(.) | .outcome == "Succeeded"'
rm "$root/run/said"

# ---- an installation that is asked to end ----

package main tb-slow 1.9
inside apt-get -qq -y --allow-downgrades install tb-slow=1.0 >/dev/null 2>&1
apt Scan Query=tb-slow
apt Stage --update tb-slow=2.0
inside caucus-node plugin apt --try Install --update tb-slow=2.0 >"$said" 2>&1 &
asked=$!
read -r pids <"$root/run/begun"
set -- $pids
kill -TERM $4 # the plug-in, as a CANCEL does
echo >"$root/run/go"
wait $asked || true
check "dpkg finishes what it is at" '.[].update | select(.) | .outcome == "Succeeded"'
check "and the result says that it was ended" "$result == \"failed\" and (.[-1].text | test(\"ended before\"))"
rm "$root/run/begun" "$root/run/go"

# ---- versions that are the same on all nodes ----

cat >"$root/srv/pinned" <<'END'
{"protocol":1,"verb":"Scan","run":"","node":"","arguments":{"Query":"tb-app,tb-newdep"},"pins":{"tb-app":"6.0","tb-newdep":"1.5"},"updates":[]}
END
package main tb-app 6.0
package main tb-app 7.0
index main Debian stable
inside caucus-node plugin apt <"$root/srv/pinned" >"$said"
check "a pinned version is taken, not the newest" "$ids == [\"tb-app=6.0\"]"
check "a pin below what is here is told" 'any(.[]; .note == "drift" and (.text | test("tb-newdep: the run has 1.5, this node already 2.0")))'
rm "$root/srv/main/tb-app_6.0_all.deb"
index main Debian stable
inside caucus-node plugin apt <"$root/srv/pinned" >"$said"
check "a pinned version that is gone is told, and nothing else taken for it" \
    "$ids == [] and any(.[]; .note == \"drift\" and (.text | test(\"tb-app: the run has 6.0, which this node cannot get; it stays at 5.0\")))"
apt Scan Query=tb-app
check "without a pin the newest" "$ids == [\"tb-app=7.0\"]"

# ---- packages that would be removed ----

package main tb-eater 2.0 "Conflicts: tb-gone"
index main Debian stable
apt Scan
check "a removal is refused by name" "$result == \"failed\" and (.[-1].text | test(\"would remove.*tb-gone\"))"
apt Scan Query=tb-app
check "but not where nothing asks for it" "$ids == [\"tb-app=7.0\"]"
apt Stage --update tb-eater=2.0
check "not staged" "$result == \"failed\" and (.[-1].text | test(\"remove.*tb-gone\"))"
apt Scan AllowRemove=true
check "allowed, it is told" "any(.[]; .note == \"removed\" and (.text | test(\"tb-gone\"))) and ($ids | index(\"tb-eater=2.0\")) != null"
apt Stage AllowRemove=true --update tb-eater=2.0
apt Install AllowRemove=true --update tb-eater=2.0
check "and done" '.[].update | select(.) | .outcome == "Succeeded"'

# ---- available only after another ----

package main tb-first 1.0
package after tb-second 2.0
index after Debian stable
package main tb-second 1.0
index main Debian stable
inside apt-get -qq update
inside apt-get -qq -y install tb-first tb-second >/dev/null 2>&1
postinst='echo "deb [trusted=yes] copy:/srv/after ./" >/etc/apt/sources.list.d/after.list' \
    package main tb-first 2.0
index main Debian stable
apt Scan "Query=tb-first,tb-second"
check "the first of two" "$ids == [\"tb-first=2.0\"]"
apt Stage --update tb-first=2.0
apt Install --update tb-first=2.0
apt Scan "Query=tb-first,tb-second"
check "then the second" "$ids == [\"tb-second=2.0\"]"

# ---- needrestart, a broken repository, a full disk ----

cat >"$root/srv/needrestart" <<'END'
#!/bin/sh
[ "$*" = "-b -r l" ] || exit 9
printf 'NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 1\nNEEDRESTART-SVC: corosync.service\n'
END
chmod 755 "$root/srv/needrestart"
mv "$root/srv/needrestart" "$root/usr/sbin/needrestart" # in the overlay
apt Stage --update tb-second=2.0
apt Install --update tb-second=2.0
check "needrestart's services want a restart" \
    'any(.[].update | select(.); .restart) and any(.[]; .note == "restart" and (.text | test("corosync.service")))'
package main tb-second 3.0
index main Debian stable
apt Scan Query=tb-second
apt Stage --update tb-second=3.0
apt Install --update tb-second=3.0 NeedRestart=false
check "unless it is not asked" 'all(.[].update | select(.); .restart | not)'
mv "$root/srv/security" "$root/srv/lost"
apt Scan
check "a broken repository fails the scan, with apt's words" \
    "$result == \"failed\" and (.[-1].text | test(\"apt-get update: .*security\"))"
mv "$root/srv/lost" "$root/srv/security"
mount -t tmpfs -o size=16m tmpfs "$root/var/cache/apt/archives"
apt Scan Query=tb-app
check "without room the node is not fit for an update" \
    "$result == \"unfit\" and (.[-1].text | test(\"archives has 1[0-9] MiB of room\")) and $ids == []"
apt Scan --skip-checks Query=tb-app
check "unless that is not to be checked" "$result == \"ok\" and $ids == [\"tb-app=7.0\"]"
umount "$root/var/cache/apt/archives"
apt Scan Query=tb-app
rm "$root"/srv/main/tb-app_7.0_all.deb
apt Stage --update tb-app=7.0
check "what cannot be downloaded fails the staging" \
    "$result == \"failed\" and ([.[].update | select(.) | .outcome] == [\"Failed\"])"

exit $failed
