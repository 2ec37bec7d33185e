#!/bin/sh
# tests/golden/test_traces.sh             holds the traces of five small runs to traces/*.txt
# tests/golden/test_traces.sh --update    writes them anew; read the change with git diff, and keep it
#                                         only if it is what you meant
#
# --update uses build/bin/caucus unless CAUCUS names another program. Simulated on the heap engine,
# seed 1; test_engines.sh holds SimGrid to the same bytes.
: "${CAUCUS=build/bin/caucus}"
. tests/golden/rig.sh
golden=tests/golden/traces
names="contoso-fc1 restart-just-outside two-coordinators-alive coordinator-lost-in-installing
partition-mid-run"
without_pictures

# story NAME: the traces of all coordinators of a scenario, one after another.
story() {
    run "$tmp/$1" "scenarios/$1.json" --engine heap --seed 1 || return 1
    grep '"directory"' "$tmp/$1/manifest.json" |
        sed 's/.*"name": "\([^"]*\)", "directory": "\([^"]*\)".*/\1 \2/' |
        while read -r coordinator directory; do
            echo "== coordinator $coordinator"
            if [ -e "$tmp/$1/$directory/trace.txt" ]; then
                cat "$tmp/$1/$directory/trace.txt"
            else
                echo "(never started)"
            fi
        done
}

case ${1-} in
'') update= ;;
--update) update=1 ;;
*)
    echo "usage: tests/golden/test_traces.sh [--update]" >&2
    exit 64
    ;;
esac

count=0
for name in $names; do
    story "$name" >"$tmp/now" || fail "$name: cannot be simulated"
    lines=$(wc -l <"$tmp/now")
    want "$name: a trace of a whole run was expected, it has $lines lines" [ "$lines" -gt 30 ]
    count=$((count + 1))
    if [ -n "$update" ]; then
        cp "$tmp/now" "$golden/$name.txt"
    elif ! diff -u --label "$golden/$name.txt" --label "now" "$golden/$name.txt" "$tmp/now" \
        >"$tmp/diff"; then
        fail "$name: $(grep -c '^[-+][^-+]' "$tmp/diff") lines differ, the first of them:"
        head -n 40 "$tmp/diff"
        echo "If that is what you meant: tests/golden/test_traces.sh --update"
    fi
done
for file in "$golden"/*.txt; do
    case " $(echo "$names" | tr '\n' ' ') " in
    *" $(basename "$file" .txt) "*) ;;
    *) fail "$file: no such run here" ;;
    esac
done
finish "$count traces${update:+ written}"
