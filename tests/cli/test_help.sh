#!/bin/sh
# What the program says about itself: each command's help, each option in each place where options are
# described, the manual page without a complaint of the formatter.
. tests/golden/rig.sh
table=core/cli/options_table.c

# ask WHAT ARGUMENT...: into $tmp/out; exit code 0, nothing on stderr, something on stdout, no line
# that is too wide for a terminal or ends with blanks.
ask() {
    ask_wide=$1
    shift
    code=0
    "$CAUCUS" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
    want "caucus $*: exit code must be 0, is $code" [ "$code" -eq 0 ]
    want "caucus $*: stderr must be empty" [ ! -s "$tmp/err" ]
    want "caucus $*: must say something" [ -s "$tmp/out" ]
    want "caucus $*: no line may end with blanks: $(grep -m 1 ' $' "$tmp/out" || true)" \
        [ -z "$(grep ' $' "$tmp/out")" ]
    awk -v width="$ask_wide" 'length > width' "$tmp/out" >"$tmp/wide"
    want "caucus $*: no line may be wider than $ask_wide: $(head -n 1 "$tmp/wide")" \
        [ ! -s "$tmp/wide" ]
}

says() {
    want "$1: must say: $2" grep -q -e "$2" "$tmp/out"
}

ask 100 --help
cp "$tmp/out" "$tmp/help"
says --help '^usage: caucus COMMAND'
ask 100 help
want "help: must be --help" cmp "$tmp/help" "$tmp/out"
ask 100 -h
want "-h: must be --help" cmp "$tmp/help" "$tmp/out"
sed -n 's/^  caucus \([a-z]*\).*/\1/p' "$tmp/help" >"$tmp/commands"
need 6 commands "$(wc -l <"$tmp/commands")"
while read -r command; do
    if [ "$command" = report ] && [ ! -x "$(dirname "$CAUCUS")/caucus-report" ]; then
        continue
    fi
    ask 100 "$command" --help
    says "$command --help" "^usage: caucus $command"
done <"$tmp/commands"
ask 100 scenario test --help
ask 100 policy explain --help
ask 100 policy set --help
ask 100 policy validate --help
ask 100 policy rare --help
ask 100 campaign report --help

ask 100 --version
want "--version: one line, the name and the version" \
    grep -qx 'caucus [0-9]*\.[0-9]*\.[0-9]*' "$tmp/out"
version=$(sed 's/caucus //' "$tmp/out")
want "--version: must be the project's" grep -q "VERSION $version " CMakeLists.txt

# The table of options, read from its source: name, CAU's name, for which sets.
awk '
    /^const struct cau_option cau_option_table/ { on = 1 }
    on && /^    \{/ { name = cau = sets = "" }
    on && /\.name = / { split($0, q, "\""); name = q[2] }
    on && /\.cau = / { split($0, q, "\""); cau = q[2] }
    on && /\.sets = / { sets = $0; sub(/.*= /, "", sets); sub(/,$/, "", sets) }
    on && /^    \}/ { print name, (cau == "" ? "-" : cau), sets }
' "$table" >"$tmp/options"
need 45 "options in the table" "$(wc -l <"$tmp/options")"

ask 100 simulate --help
cp "$tmp/out" "$tmp/simulate"
ask 100 policy explain
cp "$tmp/out" "$tmp/explained"
code=0
"$CAUCUS" man >"$tmp/man" 2>"$tmp/err" || code=$?
want "caucus man: exit code must be 0, is $code" [ "$code" -eq 0 ]

listed=0
: >"$tmp/ones"
while read -r name cau sets; do
    flag=--$(echo "$name" | tr _ -)
    case $sets in
    *CAU_SET_RUN* | *CAU_SET_COMMON*)
        want "simulate --help: must list $flag" grep -q -e "^  $flag " "$tmp/simulate"
        listed=$((listed + 1))
        ;;
    *)
        want "simulate --help: must not list $flag, which it does not take" \
            [ "$(grep -c -e "^  $flag " "$tmp/simulate")" -eq 0 ]
        ;;
    esac
    # By any of its names, each way the same.
    ask 100 policy explain "$name"
    cp "$tmp/out" "$tmp/one"
    [ ! -s "$tmp/ones" ] || echo >>"$tmp/ones"
    cat "$tmp/one" >>"$tmp/ones"
    says "policy explain $name" "^$name  ("
    for what in value default for; do
        says "policy explain $name" "^    $what: *[^ ]"
    done
    for other in "${flag#--}" "$cau"; do
        [ "$other" != - ] || continue
        ask 100 policy explain "$other"
        want "policy explain $other: must be that of $name" cmp "$tmp/one" "$tmp/out"
    done
    want "man: must have $flag" grep -q "^\\\\fB$(echo "$flag" | sed 's/-/\\\\-/g')\\\\fR" "$tmp/man"
done <"$tmp/options"
need 30 "options in simulate --help" "$listed"
want "policy explain: must be all of them, one after another" cmp "$tmp/ones" "$tmp/explained"

# Each option that simulate lists can be set there, to its default or to something harmless.
while read -r flag value; do
    name=$(echo "${flag#--}" | tr - _)
    case $value in
    N) value=1 ;;
    MINUTES) value=60 ;;
    \[*) value=false ;;
    *) continue ;;
    esac
    code=0
    "$CAUCUS" simulate scenarios/nothing-to-do.json --engine heap --set "policy.$name=$value" \
        >"$tmp/out" 2>"$tmp/err" || code=$?
    want "simulate --set policy.$name=$value: $(cat "$tmp/err")" [ "$code" -eq 0 ]
done <<END
$(sed -n '/^Options of a run/,$s/^  \(--[a-z-]* [^ ]*\).*/\1/p' "$tmp/simulate")
END

# The manual page.
for section in NAME SYNOPSIS COMMANDS OPTIONS 'EXIT STATUS'; do
    want "man: must have the section $section" grep -qx "\\.SH $section" "$tmp/man"
done
while read -r command; do
    want "man: must have the command $command" grep -q "^\\.B $command" "$tmp/man"
done <"$tmp/commands"
formatter=none
if command -v groff >/dev/null; then
    formatter='groff'
    groff -man -Tutf8 -ww "$tmp/man" >"$tmp/page" 2>"$tmp/err" || fail "man: groff fails"
elif command -v man >/dev/null; then
    formatter='man'
    MAN_KEEP_STDERR=1 man --warnings=w -l "$tmp/man" >"$tmp/page" 2>"$tmp/err" || fail "man: man fails"
fi
if [ "$formatter" != none ]; then
    want "man: $formatter complains: $(head -n 3 "$tmp/err")" [ ! -s "$tmp/err" ]
    need 200 "lines of the manual page" "$(wc -l <"$tmp/page")"
fi

finish "$(wc -l <"$tmp/commands") commands, $(wc -l <"$tmp/options") options, $listed of them for a" \
    "simulated run; manual page read by $formatter; $checks checks"
