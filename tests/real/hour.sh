#!/bin/bash
# hour.sh - the hour after which a silent lock has expired, on the store of a real cluster: test_expiry.c, which
# moves its clock. Without a cluster the same program runs by itself, in the everyday tests.
set -euo pipefail
# shellcheck source=tests/real/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
bed_up "$real/three.json"
"$tools/real.expiry" testbed || fail "see above"
check_at_rest
bed_down
say "all well"
