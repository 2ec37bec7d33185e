# shellcheck shell=sh disable=SC2154
# Read by tests/run.sh and scenarios/quickstart.sh: runs the phases of a long job quietly.
# The caller sets `logs`, a directory for one log a phase.

# phase NAME COMMAND...: one line with the time it took; on failure the end of its log, and the end.
phase() {
    phase_name=$1
    shift
    mkdir -p "$logs"
    phase_begin=$(date +%s)
    printf '%-22s' "$phase_name" >&2
    if "$@" >"$logs/$phase_name.log" 2>&1 </dev/null; then
        printf '%4d s\n' "$(($(date +%s) - phase_begin))" >&2
        # What the build says it leaves out concerns whoever watches.
        grep 'Left out: ' "$logs/$phase_name.log" | sed 's/^-- /    /' >&2 || true
    else
        phase_code=$?
        printf 'failed after %d s, exit code %d\n' "$(($(date +%s) - phase_begin))" "$phase_code" >&2
        tail -n 40 "$logs/$phase_name.log" >&2
        echo "The whole log: $logs/$phase_name.log" >&2
        exit 1
    fi
}
