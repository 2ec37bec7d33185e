#!/bin/sh
# caucus campaign --scheduler slurm, on a real Slurm of this machine alone: munged, slurmctld and slurmd of
# this test's own, in a directory of its own. The table is the one that one process makes.
. tests/golden/rig.sh
for program in munged slurmctld slurmd sbatch; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || { echo "skipped: $program is missing"; exit 77; }
done
PATH=$PATH:/usr/sbin
scenarios=$PWD/scenarios
cd "$tmp"
chmod 755 . # munged wants to be reached, and nobody else to write here
mkdir -m 700 munge
mkdir state spool
down() {
    for file in slurmd.pid slurmctld.pid munge/pid; do
        pid=$(cat "$tmp/$file" 2>/dev/null) || continue
        kill "$pid" 2>/dev/null || continue
        timeout 20 tail --pid="$pid" -f /dev/null || :
    done
    rm -rf "$tmp"
}
trap down EXIT

head -c 1024 /dev/urandom >munge/key
chmod 400 munge/key
host=$(uname -n | cut -d. -f1)
me=$(id -un)
port=$((20000 + $$ % 20000 * 2))
cat >slurm.conf <<END
ClusterName=caucus
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$me
SlurmdUser=$me
AuthInfo=socket=$tmp/munge/socket
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
SlurmctldLogFile=$tmp/slurmctld.log
SlurmdLogFile=$tmp/slurmd.log
SlurmctldPort=$port
SlurmdPort=$((port + 1))
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$tmp/slurm.conf
munged --force --key-file="$tmp/munge/key" --socket="$tmp/munge/socket" --pid-file="$tmp/munge/pid" \
    --log-file="$tmp/munge/log" --seed-file="$tmp/munge/seed" 2>munge/said ||
    { echo "skipped: munged does not start here: $(tail -n 1 munge/said)"; exit 77; }
for daemon in slurmctld slurmd; do
    $daemon >$daemon.said 2>&1 || { tail -n 3 $daemon.said $daemon.log; echo "skipped: $daemon does not start here"; exit 77; }
done
# whether it answers is asked of it: srun waits for the node
timeout 60 srun --quiet true >srun.said 2>&1 || { tail -n 5 srun.said slurmctld.log slurmd.log; fail "Slurm does not run a job"; finish; }

# call CODE WORDS...: `caucus campaign WORDS`.
call() {
    call_want=$1
    shift
    ends "$call_want" campaign "$@"
}
runs=15
[ "${CAUCUS_LONG-0}" = 1 ] && runs=2500
jq --argjson runs $runs --arg scenario "$scenarios/sixteen-on-a-bad-night.json" \
    '.runs = $runs | .scenario = $scenario' "$scenarios/campaigns/demo.json" >demo.json
call 0 demo.json --out alone --jobs 1
call 0 demo.json --out "by slurm" --scheduler slurm --parts 5
want "the same table through Slurm" cmp alone/results.csv "by slurm/results.csv"
need 5 "parts" "$(find "by slurm/parts" -name results.db | wc -l)"
call 0 demo.json --out "by slurm" --scheduler slurm --parts 5
want "again: nothing is left to do" grep -q ', 0 of them new$' out

call 64 demo.json --out x --scheduler cron
call 64 demo.json --out x --scheduler slurm --parts 0
call 64 demo.json --out x --scheduler slurm --shard 1/2
export SBATCH_PARTITION=nowhere
call 65 demo.json --out refused --scheduler slurm
want "what Slurm refuses is said" grep -q 'sbatch: the job was refused' err
finish "Slurm: $checks checks"
