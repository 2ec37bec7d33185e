#!/bin/sh
# `caucus simulate --speed`: the live view on a terminal, lines elsewhere, and that nothing else is
# changed by looking on. Speeds are so high that nothing is waited for. A terminal is made by `script`,
# which is part of every Debian.
. tests/golden/rig.sh
[ -x "$(dirname "$CAUCUS")/caucus-sim" ] || {
    echo "caucus-sim is not built here"
    exit 77
}
command -v script >/dev/null || {
    echo "script is not here (Debian: bsdutils)"
    exit 77
}
without_pictures
unset NO_COLOR
escape=$(printf '\033')
scenario=crash-while-another-is-down.json
several=coordinator-lost-in-installing.json
many=sixty-four-nodes.json
for file in "$scenario" "$several" "$many"; do
    cp "scenarios/$file" "$tmp"
done
cd "$tmp"

# on_terminal COLUMNS LINES TYPE WORD...: `caucus simulate WORD...` on a terminal; what came there is in
# seen, the exit code in $code. No word may have a blank in it.
on_terminal() {
    terminal="stty cols $1 rows $2; TERM=$3"
    shift 3
    code=0
    SHELL=/bin/sh script -qec "$terminal '$plain' simulate $*" seen </dev/null >/dev/null || code=$?
    tr -d '\r' <seen | sed -e '1d' >seen.txt # script's own first line
}
# The last view, without colours: what stands between the last way up and the next erasing.
last_view() {
    sed -e "s/$escape\[[0-9;]*[mK]//g" seen.txt | awk -v escape="$escape" '
        {
            if (index($0, escape "[J") == 1) { # the end of one, and perhaps the way up to the next
                last = view; view = ""
                $0 = substr($0, 4)
                if (!sub("^" escape "\\[[0-9]*A", "")) exit
            }
            view = view $0 "\n"
        }
        END { printf "%s", last }'
}

# ---- the view

on_terminal 80 24 xterm "$scenario" --speed 1e9
want "on a terminal: exit code must be 2, is $code" [ "$code" -eq 2 ]
last_view >view.txt
cat >expected <<'END'
five  Ended, PartiallyFailed  0:23:15  votes 4 of 5, quorate
failed 1 of at most 1

node1  Succeeded   0:19:05
node2  Succeeded   0:15:00
node3  Failed      0:00:00  the node is not in the cluster's membership
node4  Succeeded   0:10:54
node5  Succeeded   0:06:49
END
want "the last view stays: $(diff expected view.txt)" cmp -s expected view.txt
want "colours" grep -q "node3  $escape\[31mFailed" seen.txt
want "the summary stands below" grep -q '^Status    PartiallyFailed$' seen.txt
want "no trace" [ "$(grep -c 'cluster run ' seen.txt)" -eq 0 ]

(
    NO_COLOR=1
    export NO_COLOR
    on_terminal 80 24 xterm "$scenario" --speed 1e9
    grep -q "$escape\[[0-9]*m" seen.txt || last_view
) >view.txt
want "NO_COLOR: the same words without colour" cmp -s expected view.txt

on_terminal 40 10 xterm "$many" --speed 1e9
last_view >view.txt
want "no line may be wider than the terminal: $(awk 'length > 39' view.txt)" \
    [ -z "$(awk 'length > 39' view.txt)" ]
want "the view may not be higher than the terminal" [ "$(wc -l <view.txt)" -eq 9 ]
want "the rest is counted: $(tail -n 1 view.txt)" grep -qx 'and 59 more: 59 Succeeded' view.txt

on_terminal 80 24 xterm "$several" --speed 1e9
last_view >view.txt
want "the coordinator is named: $(head -n 1 view.txt)" \
    grep -q '^three  coordinator c2  Ended, Succeeded  ' view.txt

# ---- no view

on_terminal 80 24 dumb "$scenario" --speed 1e9
want "TERM=dumb: no escape sequence" [ "$(grep -c "$escape" seen.txt)" -eq 0 ]
want "TERM=dumb: lines" grep -qx '[0-9:]*  node5  is done' seen.txt
on_terminal 80 24 xterm "$scenario"
want "without --speed: no escape sequence" [ "$(grep -c "$escape" seen.txt)" -eq 0 ]
want "without --speed: the trace, as ever" grep -q 'cluster run Updating$' seen.txt

# ---- nothing is changed by looking on

engines=heap
[ "${CAUCUS_WITH_SIMGRID:-1}" -eq 0 ] || engines='heap simgrid'
for file in "$scenario" "$several"; do
    for engine in $engines; do
        name=$(basename "$file" .json)-$engine
        run "$name" "$file" --engine "$engine"
        mv out "$name.out"
        mv err "$name.err"
        run "$name-watched" "$file" --engine "$engine" --speed 1e9
        want "$name: stdout must be the same" cmp "$name.out" out
        sed '/no pictures/d' err >lines
        want "$name: a line for each state" grep -qx '[0-9:]*  node2  installs updates' lines
        want "$name: no other lines: $(grep -v '^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]  ' lines)" \
            [ "$(grep -vc '^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]  ' lines)" -eq 0 ]
        want "$name: nothing on stderr without --speed" \
            [ "$(grep -vc 'no pictures' "$name.err")" -eq 0 ]
        on_terminal 80 24 xterm "$file" --engine "$engine" --speed 1e9 --out "$name-seen"
        for other in watched seen; do
            want "$name-$other: the run directory must be the same: $(diff -rq "$name" "$name-$other")" \
                diff -r "$name" "$name-$other"
        done
    done
done

want "simulate --help: must have --speed" sh -c '"$1" simulate --help | grep -q -e "^  --speed "' sh "$CAUCUS"
want "man: must have --speed" sh -c '"$1" man | grep -q speed' sh "$CAUCUS"

# ---- given up: the first line says that it has begun, and the rest would take minutes

for signal in TERM INT; do
    mkfifo begun
    env --default-signal=INT "$plain" simulate "$scenario" --speed 10 --out given-up \
        2>begun >out </dev/null &
    watched=$!
    exec 3<begun
    read -r first <&3
    kill "-$signal" "$watched"
    sed '/^[0-9:]*  /d' <&3 >said
    exec 3<&-
    code=0
    wait "$watched" || code=$?
    rm begun
    want "$signal: it must have begun: $first" [ "${first#*has the cluster}" != "$first" ]
    want "$signal: ended by the signal: exit code is $code" \
        [ "$(kill -l "$code")" = "$signal" ]
    want "$signal: says so: $(cat said)" grep -qx 'caucus simulate: given up; nothing was written' said
    want "$signal: nothing is left" [ -z "$(find . -name 'given-up*')" ]
    want "$signal: nothing on stdout" [ ! -s out ]
done

need 40 checks "$checks"
finish "$checks checks of the live view"
