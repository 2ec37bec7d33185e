#!/bin/bash
# accessibility.sh [DIR] - the report's page of a clean run, of one with five kinds of failure and of one on 64 nodes,
# and the page of a campaign, in headless Chromium: an automated accessibility check without errors, wide and narrow; all of it by keyboard; no
# network. Pictures in colour and in grey stay in DIR, for who wants to look.
#
# Needs chromium (Debian) and npm, which brings axe-core and playwright-core into a folder that goes away again.
# Exit: 0 all well, 1 not, 77 one of these is missing.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
caucus=${CAUCUS:-${CAUCUS_BUILD:-$top/build}/bin/caucus}
work=$(mktemp -d "${TMPDIR:-/tmp}/caucus-look.XXXXXX")
trap 'rm -rf "$work"' EXIT
keep=${1:-$work/pictures}
mkdir -p "$keep"
keep=$(cd "$keep" && pwd)

for program in chromium npm node; do
    command -v "$program" >/dev/null || { echo "skipped: $program is missing"; exit 77; }
done
npm install --prefix "$work" --no-audit --no-fund axe-core@4.14.1 playwright-core@1 >"$work/npm" 2>&1 ||
    { echo "skipped: npm cannot install: $(tail -n 1 "$work/npm")"; exit 77; }

pages=()
for name in contoso-fc1 kinds-of-failure sixty-four-nodes; do
    "$caucus" simulate "$top/scenarios/$name.json" --engine heap --out "$work/$name" >"$work/said" 2>&1 || [ $? = 2 ]
    pages+=("$name=$work/$name/report.html")
done
sed "s|\"runs\": 2500|\"runs\": 70|; s|\.\./|$top/scenarios/|" "$top/scenarios/campaigns/demo.json" >"$work/demo.json"
"$caucus" campaign "$work/demo.json" --out "$work/demo" >"$work/said" 2>&1
"$caucus" campaign report "$work/demo" >"$work/said" 2>&1
pages+=("campaign=$work/demo/campaign.html")
cd "$keep"
NODE_PATH=$work/node_modules node "$top/tests/report/look.js" "${pages[@]}"
