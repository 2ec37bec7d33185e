#!/bin/sh
# A whole run on this machine without Pacemaker: the true coordinator and the true helper, with all
# that the helper keeps below a directory of its own, and a stand-in for systemctl. Then one whose
# coordinator is killed in the installation and that is resumed. Nothing waits for a clock: what has
# to be waited for is a line in a pipe.
. tests/golden/rig.sh
bin=$(dirname "$CAUCUS")
for program in caucus-run caucus-node; do
    [ -x "$bin/$program" ] || [ -x "$bin/../libexec/caucus/$program" ] || {
        echo "$program is not built here"
        exit 77
    }
done
mkdir "$tmp/stand-ins" "$tmp/node"
cat >"$tmp/stand-ins/systemctl" <<'END'
#!/bin/sh
case $1 in
is-system-running) echo running ;;
esac
END
chmod +x "$tmp/stand-ins/systemctl"
PATH=$tmp/stand-ins:$PATH
CAUCUS_NODE_ROOT=$tmp/node
CAUCUS_RUNS=$tmp/runs
export PATH CAUCUS_NODE_ROOT CAUCUS_RUNS
host=$(uname -n)

# caucus WORD...: the exit code is in $code.
caucus() {
    code=0
    "$CAUCUS" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
}
code_is() {
    want "$2: exit code must be $1, is $code: $(tail -n 3 "$tmp/err")" [ "$code" -eq "$1" ]
}
has() {
    want "$1 must have: $2" grep -q -e "$2" "$1"
}

# A program that counts its runs, tells of its start, and waits to be let go where it is told to.
cat >"$tmp/update" <<'END'
#!/bin/sh
echo once >>"$1/count"
[ -p "$1/begun" ] || exit 0
echo begun >"$1/begun"
read -r _ <"$1/go"
END
chmod +x "$tmp/update"
arguments="Id=demo;Title='A demonstration';Command='[\"$tmp/update\",\"$tmp\"]'"
set -- --backend local --cau-plugin-name exec --cau-plugin-arguments "$arguments"

caucus scan local "$@"
code_is 0 "scan"
has "$tmp/out" "^$host: 1 update$"
has "$tmp/out" "A demonstration"
caucus scan local --format json "$@"
has "$tmp/out" '^{"Type":"UpdateInfo",.*"UpdateId":"demo","UpdateTitle":"A demonstration"'
want "a scan must install nothing" [ ! -e "$tmp/count" ]
want "a scan must make no run directory" [ ! -e "$tmp/runs" ]

# by hand and by a run
caucus lock take local --backend local --reason "a test"
code_is 0 "lock take"
caucus run local --force "$@"
code_is 75 "a run while the lock is held"
caucus lock show local --backend local
has "$tmp/out" "^Because  *a test$"
caucus lock release local --backend local
code_is 0 "lock release"
want "no run directory of a refused run" [ -z "$(ls "$tmp/runs")" ]

caucus run local --force --out "$tmp/first" --format json "$@"
code_is 0 "run"
has "$tmp/out" '^{"Type":"ClusterResult",.*"Status":"Succeeded"'
want "the update must be installed once" [ "$(wc -l <"$tmp/count")" -eq 1 ]
want "stdout must be the records" cmp -s "$tmp/out" "$tmp/first/records.ndjson"
caucus replay "$tmp/first"
code_is 0 "replay"
caucus status local --backend local --format json
has "$tmp/out" '"RunState":"RunNotInProgress"'
caucus run local --force --out "$tmp/first" --resume "$@"
code_is 64 "run --resume --out"

# On a terminal (`script` makes one) there is the live view; asked for lines, or by a reader of JSON,
# there are lines.
cat >"$tmp/on-terminal" <<END
#!/bin/sh
stty cols 80 rows 24
TERM=xterm exec "$CAUCUS" run local --force --backend local --cau-plugin-name exec \\
    --cau-plugin-arguments "\$arguments" \$more
END
chmod +x "$tmp/on-terminal"
export arguments
escape=$(printf '\033')
for more in "--out $tmp/seen" "--out $tmp/lines --progress" "--out $tmp/json --format json"; do
    export more
    code=0
    SHELL=/bin/sh script -qec "$tmp/on-terminal" "$tmp/terminal" </dev/null >/dev/null || code=$?
    tr -d '\r' <"$tmp/terminal" >"$tmp/err"
    code_is 0 "run on a terminal $more"
    case $more in
    *seen)
        has "$tmp/err" "  Ended, Succeeded  0:[0-9:]*  .*failed 0 of at most 0$escape"
        has "$tmp/err" "^$host  .*Succeeded.*  0:00:"
        has "$tmp/err" "^Status  *Succeeded$"
        want "a view, no lines" [ "$(grep -c "installs updates$" "$tmp/err")" -eq 0 ]
        ;;
    *)
        want "$more: no view" [ "$(grep -c "$escape" "$tmp/err")" -eq 0 ]
        has "$tmp/err" "^[0-9:]*  $host  installs updates$"
        ;;
    esac
done

# killed in the installation
rm "$tmp/count"
mkfifo "$tmp/begun" "$tmp/go"
"$CAUCUS" run local --force "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
killed=$!
read -r word <"$tmp/begun"
kill -9 "$killed"
wait "$killed" 2>/dev/null || true
want "the installation must have begun" [ "$word" = begun ]
caucus status local --backend local
has "$tmp/out" "suspended by a run"
echo go >"$tmp/go"
rm "$tmp/begun" "$tmp/go"
caucus run local --backend local --resume --force
code_is 0 "run --resume"
has "$tmp/out" "^Status  *Succeeded$"
want "the update must be installed once" [ "$(wc -l <"$tmp/count")" -eq 1 ]
set -- $(find "$tmp/runs" -mindepth 1 -maxdepth 1 -type d)
want "one run directory" [ $# -eq 1 ]
has "$1/manifest.json" '"exit": 0'
caucus replay "$1"
code_is 0 "replay of the resumed run"
caucus lock show local --backend local
code_is 0 "lock show"
has "$tmp/out" "^Lock  *free$"

# A helper's job that dies in an installation: its installer goes on, and nothing is begun beside it.
cat >"$tmp/update" <<END
#!/bin/sh
echo begin >>"$tmp/log"
# the parent is the built-in plug-in, its parent the job
[ -e "$tmp/died" ] || { touch "$tmp/died"; kill -9 "\$(awk '/PPid/ { print \$2 }' /proc/\$PPID/status)"; }
while [ ! -e "$tmp/enough" ]; do sleep 0.05; done
echo end >>"$tmp/log"
END
chmod +x "$tmp/update"
( until grep -q "<- Install .* Unknown" "$tmp/dead-job/trace.txt" 2>/dev/null || [ ! -d "$tmp" ]; do sleep 0.05; done; touch "$tmp/enough" ) &
caucus run local --backend local --force --cau-plugin-name exec \
    --cau-plugin-arguments "Id=dead-job;Command=$tmp/update" --out "$tmp/dead-job"
code_is 0 "a run whose helper's job died"
want "the update must have run once, to its end" [ "$(tr '\n' ' ' <"$tmp/log")" = "begin end " ]

need 30 checks "$checks"
finish "$checks checks of runs on this machine"
