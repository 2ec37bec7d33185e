#!/bin/sh
# show.sh OPTION    simulates the case of that option in cases.json twice, without the option and with it: what the
#                   case says must hold with it and must not without. So the test fails when the option is ignored.
# show.sh --every   each option has a case, or names the test that shows it and why that is elsewhere
: "${CAUCUS=build/bin/caucus}"
. tests/golden/rig.sh
cases=tests/options/cases.json
option=${1:?usage: show.sh OPTION | --every}

if [ "$option" = --every ]; then
    "$CAUCUS" policy explain >"$tmp/explained"
    awk '/^[a-z]/ { print $1 }' "$tmp/explained" | sort >"$tmp/options"
    jq -r '.cases + .elsewhere | keys[]' "$cases" | sort >"$tmp/shown"
    for name in $(comm -23 "$tmp/options" "$tmp/shown"); do
        fail "$name: nothing in $cases shows it"
    done
    for name in $(comm -13 "$tmp/options" "$tmp/shown"); do
        fail "$name: is in $cases, and no option"
    done
    for name in $(jq -r '.elsewhere[].test' "$cases" | sort -u); do
        case " $(find tests/unit tests/golden tests/cli tests/real -name "test_${name#*.}.*") " in
        *"/${name%%.*}/"*) ;;
        *) fail "$name: there is no such test" ;;
        esac
    done
    need 50 options "$(wc -l <"$tmp/options")"
    finish "$(wc -l <"$tmp/shown") options"
    exit 0
fi

without_pictures

# simulate NAME [SETTING...]: the outcome as one object in $tmp/NAME.json.
simulate() {
    name=$1
    shift
    code=0
    "$plain" simulate "$tmp/scenario.json" --engine heap --out "$tmp/$name" "$@" >"$tmp/out" 2>"$tmp/err" || code=$?
    mkdir -p "$tmp/$name"
    for file in report.json journal.ndjson trace.txt; do
        [ -e "$tmp/$name/$file" ] || : >"$tmp/$name/$file"
    done
    jq -n --argjson exit "$code" --rawfile stderr "$tmp/err" --rawfile trace "$tmp/$name/trace.txt" \
        --slurpfile report "$tmp/$name/report.json" --slurpfile journal "$tmp/$name/journal.ndjson" \
        '{$exit, $stderr, trace: ($trace / "\n"), report: $report[0], $journal}' >"$tmp/$name.json"
}

# holds NAME EXPRESSION
holds() {
    jq -e 'def run: .report.ClusterResult;
        def node($name): run.NodeResults[] | select(.Node == $name);
        def failed($name): node($name).ErrorRecordData.FullyQualifiedErrorId;
        def said($what): any(.trace[]; test($what));
        def count($what): [.trace[] | select(test($what))] | length;
        def place($what): first(.trace | to_entries[] | select(.value | test($what)) | .key) // infinite;
        def when_first($what): first(.trace[] | select(test($what))) // "never";
        def order: [.trace[] | capture(" (?<node>[^ ]+) -> Suspend") | .node] | reduce .[] as $n ([];
            if index($n) then . else . + [$n] end);
        def facts($name): (.journal[0].names.nodes | index($name)) as $i |
            [.journal[].event.view.nodes // [] | .[] | select(.node == $i)][];
        def last_of($name): [facts($name)] | last;
        '"$2" "$tmp/$1.json" >/dev/null
}

jq -e --arg option "$option" '.base + (.cases[$option].scenario // {}) | .name = $option' "$cases" >"$tmp/scenario.json"
value() { jq -r --arg option "$option" --arg key "$1" '.cases[$option][$key] // empty' "$cases"; }
setting=$(value set) with=$(value with) without=$(value without)
[ -n "$setting" ] && [ -n "$with" ] || fail "$option: has no case in $cases"
if [ "$setting" = EARLIER ]; then # the directory of an earlier run
    setting=$tmp/earlier
    mkdir "$setting"
    value earlier >"$setting/report.json"
fi
simulate without
simulate with --set "policy.$option=$setting"
want "with $option=$setting: $(value shows)" holds with "$with"
if [ -n "$without" ]; then
    want "without $option: $without" holds without "$without"
fi
if holds without "$with"; then
    fail "$option: nothing is different without it"
fi
[ "$failures" = 0 ] || { cat "$tmp/err" "$tmp/out"; tail -n 40 "$tmp/with/trace.txt"; }
finish "$option: $(value shows)"
