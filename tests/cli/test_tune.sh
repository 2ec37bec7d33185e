#!/bin/sh
# caucus tune: finds what is known to be faster, says so only where it is shown, writes a profile that
# `caucus simulate` takes; the same from any number of processes.
. tests/golden/rig.sh
scenarios=$PWD/scenarios
cd "$tmp"

# call CODE WORDS...: `caucus tune WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" tune "$@"
}
small() {
    small_code=$1
    shift
    call "$small_code" "$scenarios/a-bad-night.json" --candidates 10 --runs 64 --held-out 300 "$@"
}

limits="--subject-to P(failed)<5% --subject-to P(quorum_lost)<6%"
# shellcheck disable=SC2086 # four words
small 0 --out a --jobs 1 $limits
cp out said
want "the report is kept" cmp out a/report.txt
want "it is faster" grep -q '^Verdict   faster, and within the limits$' out
want "several at once is what makes it so" grep -q '"max_parallel_nodes": 3' a/profile.json
want "what changes nothing is not in it: $(grep '^Policy' out)" \
    [ "$(sed -n 's/^Policy *//p' out | tr ' ' '\n' | grep -c 'suspend_retries_per_node\|max_failed_nodes')" -eq 0 ]
want "why" grep -q '^Because   without max_parallel_nodes=3: nine in ten end +[0-9]' out
want "limits that nobody has given" grep -q '^  P(left_suspended)<=own: shown: ' out
want "are none where one was: $(grep '^  P(failed)' out)" [ "$(grep -c '^  P(failed)' out)" -eq 1 ]
want "what is not limited is told" grep -q '^  P(node_failed), without a limit.*: [0-9]* of 300 nights as it is' out
# shellcheck disable=SC2086
small 0 --out b --jobs 3 $limits
want "the same from three processes" cmp a/candidates.csv b/candidates.csv
want "the same profile" cmp a/profile.json b/profile.json
sed 's/b\/profile/a\/profile/' out >renamed
want "the same report" cmp said renamed
code=0
"$CAUCUS" simulate "$scenarios/a-bad-night.json" --profile a/profile.json --engine heap --seed 1 --run 3 >out 2>err || code=$?
want "the profile is one: $(cat err)" [ $code -lt 4 ]

jq -e '.site_aware_updating_order == ["munich", "berlin"]' a/profile.json >/dev/null || fail "the profile is the whole policy that was simulated"
call 65 "$scenarios/a-bad-night.json" --out a
want "a directory that holds files is not written into" grep -q 'a: holds files; give an empty directory, or none$' err
# nights of the verdict are others than those of the search: of as many the policy as it is takes another time
"$CAUCUS" tune "$scenarios/a-bad-night.json" --candidates 8 --runs 100 --held-out 100 --out nights >out 2>err || :
searched=$(awk -F, '$1 == 0 { printf "%.1f", $5 }' nights/candidates.csv)
judged=$(sed -n 's/^  as it is *\([0-9.]*\) .*/\1/p' nights/report.txt)
want "held out: $searched and $judged min" [ -n "$judged" -a "$searched" != "$judged" ]
want "what was tried is a table whose names may hold commas" \
    awk -F'","|",|,"' 'NR == 1 { next } /^[0-9]+,"/ { n++ } END { exit n != NR - 1 }' a/candidates.csv
want "orders are tried" grep -q 'site_aware_updating_order=munich,berlin' a/candidates.csv
want "what nothing beats is told" grep -q '^Front     on the nights of the search' said
want "and the recommended one is one of them" grep -q '^\* .*max_parallel_nodes=3' said
if command -v gnuplot >/dev/null; then
    call 0 report a
    want "its picture" grep -q '<svg' a/front.svg
    want "and for those who cannot see it" grep -q '<title>Length against risk' a/front.svg
    want "as PNG" [ -s a/front.png ]
fi
mkdir foreign
echo candidate >foreign/candidates.csv
call 65 report foreign
call 65 report nowhere
call 64 report
call 64 report a b
call 0 report --help
small 1 --out c --hold max_parallel_nodes --vary max_retries_per_node=3..4
want "nothing better is said where nothing is" grep -q 'nothing better\|NOT SHOWN' out
small 1 --out d --subject-to 'P(node_failed)<1e-6'
want "what is not shown is not recommended" grep -q 'at last P(node_failed)<1e-6; more --held-out' out
want "but the policy as it is" grep -q 'nothing better than the policy as it is' out

echo '{"max_parallel_nodes": 6}' >many.json
small 1 --out e --profile many.json --hold max_parallel_nodes
want "more at once than quorum lets" grep -q '^Note      at most 4 nodes can be out at once before quorum would be lost; max_parallel_nodes 6 never takes effect beyond that$' out

call 64
call 64 "$scenarios/a-bad-night.json"
call 64 "$scenarios/a-bad-night.json" --out ""
want "no directory" grep -q '^caucus tune: --out: a directory must be given$' err
call 64 "$scenarios/a-bad-night.json" --out x --objective luck
call 64 "$scenarios/a-bad-night.json" --out x --subject-to 'P(luck)<1'
call 64 "$scenarios/a-bad-night.json" --out x --vary luck=1..2
call 64 "$scenarios/contoso-fc1.json" --out x --vary max_failed_nodes=0..5
want "more than the cluster has" grep -q '^caucus tune: --vary: policy.max_failed_nodes: must be 0..3 with 4 nodes, is 5$' err
want "nothing half-done" [ ! -e x ]
call 64 "$scenarios/a-bad-night.json" --out x --hold luck
call 64 "$scenarios/a-bad-night.json" --out x --runs 5
call 64 "$scenarios/a-bad-night.json" --out x --luck 5
call 65 nowhere.json --out x
want "nothing was made for wrong words" [ ! -e x ]

finish "tune: $checks checks"
