#!/bin/sh
# caucus campaign: the same table to the byte however the work was shared, interrupted or merged; each
# row made again by itself; what is wrong is said before anything is made.
. tests/golden/rig.sh
scenarios=$PWD/scenarios
# shellcheck disable=SC2034 # rig.sh's
cd "$tmp"

# call CODE WORDS...: `caucus campaign WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" campaign "$@"
}

# plan NAME RUNS [MEMBERS]: the demo's plan with so many runs.
plan() {
    jq --argjson runs "$2" --arg scenario "$scenarios/sixteen-on-a-bad-night.json" \
        ".runs = \$runs | .scenario = \$scenario | ${3:-.}" \
        "$scenarios/campaigns/demo.json" >"$1"
}
same() { # WHAT DIR
    want "$1: the same table" cmp whole/results.csv "$2/results.csv"
}

# ---- however it is shared

runs=15
[ "${CAUCUS_LONG-0}" = 1 ] && runs=2500
plan demo.json "$runs"
call 0 demo.json --out whole --jobs 1
need 600 "rows" "$(sed 1d whole/results.csv | wc -l)"
want "no invariant is broken" [ "$(cut -d, -f23 whole/results.csv | sort -u | tr '\n' ' ')" = "0 violations " ]
call 0 demo.json --out two --jobs 2
same "two processes" two
for i in 1 2 3 4 5 6 7; do
    call 0 demo.json --out "part$i" --shard "$i/7"
    want "a part alone has no table" [ ! -e "part$i/results.csv" ]
    made=$((${made-0} + $(sed 's/^\([0-9]*\) runs.*/\1/' out)))
done
want "parts: each run is made once, $made" [ "$made" -eq "$(sed 1d whole/results.csv | wc -l)" ]
call 1 merge merged part2 part1 part7
want "what is missing is said" grep -q 'merged: [0-9]* runs are still missing$' err
call 0 merge merged part3 part4 part5 part6
same "seven parts" merged
call 0 merge merged part3
same "a part once more" merged

# ---- however often it is interrupted

tries=0
while :; do
    "$CAUCUS" campaign demo.json --out cut --jobs 2 >out 2>err &
    pid=$!
    before=$(sqlite_rows=$(ls -s cut/results.db 2>/dev/null | cut -d' ' -f1); echo "${sqlite_rows:-0}")
    while kill -0 $pid 2>/dev/null; do
        after=$(ls -s cut/results.db-wal 2>/dev/null | cut -d' ' -f1) || after=0
        [ "${after:-0}" -gt 0 ] && break
    done
    # one time it is asked to end, another time it is not asked
    if [ $((tries % 2)) = 0 ]; then kill -INT $pid 2>/dev/null || :; else kill -KILL $pid 2>/dev/null || :; fi
    code=0
    wait $pid 2>/dev/null || code=$?
    tries=$((tries + 1))
    [ $code -ne 0 ] && [ $tries -lt 4 ] || break
done
call 0 demo.json --out cut
same "interrupted $tries times" cut

# ---- a row by itself

call 0 verify whole
want "verify: one of each cell" grep -q '^40 runs were made again: equal bit for bit$' out
call 0 verify whole 17 3
cp whole/results.csv results.kept
sed 's/Succeeded/Failed/' results.kept >whole/results.csv
call 1 verify whole
want "verify: a table that somebody has changed" grep -q 'results.csv is not what results.db says$' out
cp results.kept whole/results.csv
call 0 verify part1 # of a part what is there
call 65 verify whole 17 900000
call 64 verify whole 40 0
call 0 cell whole 17
cp out cell.json
want "how to make a run of it: $(cat err)" grep -q 'run R of this cell is `caucus simulate FILE --engine heap --run R`$' err
"$CAUCUS" simulate cell.json --engine heap --run 3 --out one --force >out 2>err || :
"$CAUCUS" report one --format csv --table run >run.csv
row=$(grep '^17,' whole/results.csv | grep ',1,3,3,')
field() { # FILE NAME: of the second line
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' "$1"
}
{ head -n 1 whole/results.csv; echo "$row"; } >row.csv
# close WHAT ROW-COLUMN RUN-COLUMN: the report, which knows nothing of the measures, says the same
close() {
    want "$1: $(field row.csv "$2") ms in the row, $(field run.csv "$3") s in the report" \
        awk -v a="$(field row.csv "$2")" -v b="$(field run.csv "$3")" -v within="$4" \
        'BEGIN { d = a / 1000 - b; exit !(d < within && d > -within) }'
}
close "exposed" exposed_ms exposed_s 1
close "no quorum" no_quorum_ms unquorate_s 1
close "last place" last_place_ms last_place_s 1
close "out of service" suspended_ms out_s 240
close "length" length_ms length_s 15
"$CAUCUS" report one --format csv --table roles >roles.csv
# total COLUMN UNIT: the sum over the roles
total() {
    awk -F, -v at="$1" -v unit="$2" 'NR > 1 { n += $at * unit } END { printf "%.0f", n }' roles.csv
}
want "moves of roles" [ "$(field row.csv role_moves)" = "$(total 4 1)" ]
want "stops of roles" [ "$(field row.csv role_stops)" = "$(total 5 1)" ]
want "roles down" [ "$(field row.csv role_down_ms)" = "$(total 6 1000)" ]
need 1 "stops of roles" "$(total 5 1)"
want "outcome" [ "$(field row.csv outcome)" = "$(field run.csv status)" ]
want "restarts" [ "$(field row.csv restarts)" = "$("$CAUCUS" report one --format csv --table nodes | awk -F, 'NR > 1 { n += $7 } END { print n }')" ]

# ---- what the table says, of the table alone

mkdir alone
cp whole/results.csv alone/
if command -v gnuplot >/dev/null; then
    call 0 report alone
    want "findings" grep -q '^two-at-once against defaults, under the same weather: shorter at all 8 points, by up to [0-9.]* minutes (' out
    cp alone/campaign.html first.html
    for picture in length risk outcomes heat sensitivity convergence; do
        want "$picture: data and pictures" [ -s alone/figures/$picture.csv -a -s alone/figures/$picture.svg -a -s alone/figures/$picture.png ]
    done
    call 0 report alone
    want "the same page again" cmp first.html alone/campaign.html
fi
if command -v gnuplot >/dev/null; then
    call 0 report whole # which has its plan beside it
    for night in first-median first-worst; do
        want "$night: data and pictures" [ -s whole/figures/$night.csv -a -s whole/figures/$night.svg -a -s whole/figures/$night.png ]
    done
    want "what a night's picture is drawn of" grep -q '^node,from_s,to_s,length_s,state,' whole/figures/first-worst.csv
fi
call 64 report
mkdir no-campaign
call 65 report no-campaign
want "no campaign: $(cat err)" grep -q 'no-campaign/results.csv: No such file or directory; the directory is no campaign.s$' err
call 65 report part1
want "not whole yet: $(cat err)" grep -q 'part1/results.csv: .*; it is there once all runs are: resume the campaign, or merge its parts$' err
call 64 report alone --risk luck
call 65 report nowhere

call 64 night whole 17
call 64 night whole 17 3
want "night without --out: $(cat err)" grep -q '^caucus campaign: --out: a directory must be given$' err
call 64 night whole 17 3 --out night --again
call 64 night whole 17 "$runs" --out night
want "no such run: $(cat err)" grep -q '^caucus campaign: RUN: the plan makes no such run of a cell$' err
call 64 night whole 40 3 --out night
call 2 night whole 17 3 --out night # as the run itself
call 65 night whole 17 4 --out night
call 2 night whole 17 3 --force --out night
want "a run again, whole" cmp one/trace.txt night/trace.txt

# ---- the rule that says when a cell has enough

plan until.json 640 '.until = {event: "node_failed", half_width: 0.06, least_runs: 20} | .factors = [.factors[0]]'
call 0 until.json --out until --jobs 2
call 0 verify until
rows=$(sed 1d until/results.csv | wc -l)
want "a rule saves runs: $rows of 12800" [ "$rows" -lt 12800 ]
want "a rule asks for more where it is not sure" [ "$(sed 1d until/results.csv | cut -d, -f1 | uniq -c | awk '{ print $1 }' | sort -u | wc -l)" -gt 1 ]
for i in 1 2 3; do
    call 0 until.json --out "u$i" --shard "$i/3" --jobs 1
done
call 1 merge u u1 u2
want "what is missing with a rule: $(cat err)" grep -q 'u: at least [0-9]* runs are still missing$' err
call 0 merge u u1 u2 u3
want "a rule: the same table from three parts" cmp until/results.csv u/results.csv

# It looks at what the report tells: of who gives up, there is no length.
plan quantile.json 800 '.until = {quantile: 0.9, relative: 0.06, least_runs: 100} |
    .factors[0].range.steps = 2 | .factors = [.factors[0]]'
call 0 quantile.json --out quantile --jobs 2
call 0 report quantile
want "a cell that ends early is known so well" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["runs"] < 800 {
        early++; value = $at["length_p90_min"]; low = $at["length_p90_min_low"]; high = $at["length_p90_min_high"]
        never += low == ""
        if (low != "" && (high == "" || (high - low) / 2 > 0.0601 * value)) { print; wrong++ }
    }
    END { exit !(early > 0 && !wrong) }' quantile/summary.csv

# ---- both engines, and weather of one's own

plan engines.json 6 '.policies = [.policies[0], .policies[4]] | .factors = [.factors[0]]'
call 0 engines.json --out heap
if [ "${CAUCUS_WITH_SIMGRID-0}" = 1 ]; then
    plan engines.json 6 '.policies = [.policies[0], .policies[4]] | .factors = [.factors[0]] | .engine = "simgrid"'
    call 0 engines.json --out simgrid --jobs 2
    want "both engines: the same table" cmp heap/results.csv simgrid/results.csv
    call 0 verify simgrid
fi
plan own.json 6 '.policies = [.policies[0], .policies[4]] | .factors = [.factors[0]] | .weather = "independent" | .seed = 5'
call 0 own.json --out own
call 0 cell own 3
cp out cell.json
want "how to make a run of it: $(cat err)" grep -q 'run R of this cell is `caucus simulate FILE --engine heap --run W`, W what results.csv has as its weather$' err
row=$(grep '^3,[^,]*,[^,]*,5,2,' own/results.csv)
"$CAUCUS" simulate cell.json --engine heap --run "$(echo "$row" | cut -d, -f6)" --out again >out 2>err || :
call 2 night own 3 2 --out own-night
want "a cell's scenario carries the plan's seed" cmp own-night/trace.txt again/trace.txt
want "and its run is that of the row" [ "$(echo "$row" | cut -d, -f7)" = "$(jq -r .ClusterResult.Status again/report.json)" ]
want "weather of its own: no run twice" [ "$(sed 1d own/results.csv | cut -d, -f6 | sort | uniq -d | wc -l)" -eq 0 ]
want "the same weather: each run as often as there are cells" [ "$(sed 1d heap/results.csv | cut -d, -f6 | sort | uniq -c | awk '$1 != 8' | wc -l)" -eq 0 ]

# ---- what is wrong

call 65 demo.json --out heap
want "another plan's directory: $(cat err)" grep -q 'heap: holds a campaign of another plan: plan.json differs in runs$' err
plan more.json "$runs" '.until = {half_width: 0.1, least_runs: 5}'
call 65 more.json --out whole
want "what a plan has besides: $(cat err)" grep -q 'whole: holds a campaign of another plan: plan.json differs in until$' err
call 65 demo.json --out part1
want "another part's directory" grep -q 'part1: holds part 1/7 of this campaign, not 1/1$' err
call 65 merge merged heap
mkdir busy && echo x >busy/file
call 65 demo.json --out busy
want "somebody else's directory" grep -q "busy: holds files, and no campaign's plan.json$" err
mkdir plans here
cp demo.json plans/plan.json
call 65 plans/plan.json --out plans
want "the plan's own directory" grep -q "^caucus campaign: plans: holds a plan.json that is no campaign's; give an empty directory, or none\$" err
want "nothing half-done there" [ "$(ls plans)" = plan.json ]
code=0
(cd here && "$CAUCUS" campaign ../plans/plan.json --out .) >out 2>err || code=$?
want "the directory one is in: $code" [ "$code" = 65 ]
want "which cannot be replaced" grep -q '^caucus campaign: .: is the directory you are in; name one inside it$' err
cp -r heap damaged
/usr/bin/python3 - <<'END'
import sqlite3
db = sqlite3.connect("damaged/results.db")
db.execute("update runs set outcome = 77 where cell = 1")
db.commit()
END
cp -r part3 altered
cp -r part3 retouched
/usr/bin/python3 - <<'END'
import sqlite3
db = sqlite3.connect("altered/results.db")
db.execute("update runs set faults = faults + 1")
db.commit()
db = sqlite3.connect("retouched/results.db")
db.execute("update runs set faults = faults + 1 where (cell, run) = (select cell, max(run) from runs where cell % 2 = 1)")
db.commit()
END
cp merged/results.db merged.db
call 65 merge merged altered
want "a part of another version: $(cat err)" grep -q "^caucus campaign: altered: run [0-9]* of cell [0-9]* is another version's: faults was [0-9]*, is [0-9]*; go on with that version, or begin anew$" err
want "nothing of it was taken" cmp merged/results.db merged.db
call 65 demo.json --out altered --shard 3/7
want "nor is it gone on with: $(cat err)" grep -q "^caucus campaign: altered: run .* is another version's: " err
call 65 merge merged retouched
want "a part that says something else: $(cat err)" grep -q 'is another one than that of' err
call 65 verify damaged
want "a damaged row is said: $(cat err)" grep -q 'results.db: is damaged: no run gives what stands in cell 1, run 1$' err
cp "$scenarios/sixteen-on-a-bad-night.json" mine.json
plan changed.json 2 '.scenario = "mine.json"'
call 0 changed.json --out changed
jq '.updates[0].install = "9m"' mine.json >other.json && mv other.json mine.json
call 65 changed.json --out changed
want "a scenario that somebody has changed: $(cat err)" grep -q 'changed: holds a campaign of another plan: inputs/scenario.json differs in updates$' err
plan percent.json 2 '.factors = [{name: "title", path: "note", values: ["100%s", "a,\"b"]}] | .policies = [.policies[0]]'
call 0 percent.json --out percent
want "a value as it is, in CSV" grep -q '^1,defaults,"a,""b",1,0,0,' percent/results.csv
if command -v gnuplot >/dev/null; then
    call 0 report percent
    want "a label with a percent sign is drawn" [ -s percent/figures/length.svg ]
fi
plan sobol.json 2 '.factors[1].values = null | del(.factors[1].values) | .factors[1].range = {from: 0.05, to: 0.0500001} | .design = {kind: "sobol", points: 16} | .policies = [.policies[0]]'
call 0 sobol.json --out sobol
if command -v gnuplot >/dev/null; then
    call 0 report sobol
    want "what does nothing moves little: $(tr '\n' ' ' <sobol/figures/sensitivity.csv)" \
        awk -F, '$1 == 0 || $1 == 1 { if (!($1 in low) || $4 < low[$1]) low[$1] = $4; if ($4 > high[$1]) high[$1] = $4 }
            END { exit !(high[0] - low[0] > high[1] - low[1]) }' sobol/figures/sensitivity.csv
    want "a factor in thirds" [ "$(grep -c ',crash_every,.* to ' sobol/figures/sensitivity.csv)" -eq 3 ]
fi
plan bad.json 5 '.factors[0].path = "faults[9].at"'
call 65 bad.json --out bad
want "a cell that cannot be run" grep -q 'cell 0 (defaults, crash_every="1h", update_fails=0.05): faults\[9\]: the list has no such element$' err
want "nothing half-done" [ ! -e bad ]
mkdir no-slurm dead-slurm
printf '#!/bin/sh\necho raw words >&2\nexit 1\n' >dead-slurm/sinfo
chmod +x dead-slurm/sinfo
for path in no-slurm dead-slurm; do
    code=0
    PATH=$PWD/$path "$CAUCUS" campaign demo.json --out scheduled --scheduler slurm >out 2>err || code=$?
    want "$path: $code" [ "$code" = 65 ]
    want "$path: one sentence: $(cat err)" [ "$(grep -c '^caucus campaign: --scheduler slurm: ' err) $(wc -l <err)" = '1 1' ]
    want "$path: nothing half-done" [ ! -e scheduled ]
done
call 64 demo.json
call 64 demo.json --out x --shard 3/2
call 64 demo.json --out x --jobs 0
call 64 demo.json other.json --out x
want "two plans: $(cat err)" grep -q '^caucus campaign: other.json: one plan is enough$' err
call 64 chek demo.json
want "a command misspelt: $(cat err)" grep -q '^caucus campaign: chek: there is no such file, nor such a command; see --help$' err
call 64 plan
want "no such plan: $(cat err)" grep -q '^caucus campaign: plan: there is no such file, nor such a command; see --help$' err
call 64 merge x
call 64 cell whole 40
call 64 cell whole many
call 65 verify nowhere
call 65 nowhere.json --out x
call 0 check demo.json
call 0 columns
want "each column is explained" [ "$(wc -l <out)" -eq "$(($(head -n 1 whole/results.csv | tr ',' '\n' | wc -l) - 2 + 1))" ]
want "nothing was made for wrong words" [ ! -e x ]

finish "campaigns: $checks checks"
