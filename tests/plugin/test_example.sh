#!/bin/sh
# test_example.sh - the plug-in that PLUGINS.md shows works as it stands there.
set -eu
helper=$CAUCUS_BUILD/bin/caucus-node
if [ ! -x "$helper" ]; then
    echo "cannot run here: there is no caucus-node"
    exit 77
fi
CAUCUS_NODE_ROOT=$(mktemp -d)
export CAUCUS_NODE_ROOT
trap 'rm -rf "$CAUCUS_NODE_ROOT"' EXIT
plugins=$CAUCUS_NODE_ROOT/usr/lib/caucus/plugins
mkdir -p "$plugins" "$CAUCUS_NODE_ROOT/bin"
chmod 755 "$plugins"

awk '/^    #!\/bin\/sh$/ { on = 1 } on && !/^    / { exit } on { print substr($0, 5) }' \
    real-backend/PLUGINS.md >"$plugins/card"
chmod 755 "$plugins/card"

# the vendor's tool: what is installed is in a file, what it is asked to flash in another
cat >"$CAUCUS_NODE_ROOT/bin/cardtool" <<'END'
#!/bin/sh
case "$1 $2" in
'list --newest') echo 1.7 ;;
'list --installed') cat "$CAUCUS_NODE_ROOT/installed" ;;
flash*) [ "$2" != "$(cat "$CAUCUS_NODE_ROOT/bad")" ] && echo "$2" >"$CAUCUS_NODE_ROOT/installed" ;;
esac
END
chmod 755 "$CAUCUS_NODE_ROOT/bin/cardtool"
PATH=$CAUCUS_NODE_ROOT/bin:$PATH
echo 1.6 >"$CAUCUS_NODE_ROOT/installed"
echo 1.7 >"$CAUCUS_NODE_ROOT/bad"

failed=0
expect() { # WHAT JQ-EXPRESSION WORDS...
    what=$1 expression=$2
    shift 2
    "$helper" plugin card "$@" >"$CAUCUS_NODE_ROOT/said" 2>&1 || true
    if jq -es "$expression" "$CAUCUS_NODE_ROOT/said" >/dev/null; then
        echo "ok      $what"
    else
        echo "FAILED  $what: $expression"
        sed 's/^/        /' "$CAUCUS_NODE_ROOT/said"
        failed=1
    fi
}
expect "it describes itself" '.[0].capabilities.verbs == ["Capabilities","Scan","Install"]' --describe
expect "it offers" '.[0].update.id == "card-1.7" and .[1].result == "ok"' --try Scan
expect "it fails as an update" '.[0].update.outcome == "Failed" and .[1].result == "ok"' \
    --try Install --update card-1.7
echo >"$CAUCUS_NODE_ROOT/bad"
expect "it installs" '.[0].update.outcome == "Succeeded" and .[0].update.restart' \
    --try Install --update card-1.7
expect "then nothing is to do" 'length == 1 and .[0].result == "ok"' --try Scan
expect "an argument that it does not have" '.[0].text | test("argument Level")' --try Scan Level=all
exit $failed
