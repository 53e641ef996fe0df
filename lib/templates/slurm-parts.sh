#!/bin/bash
# One part of a landlens study for each job of an array. A part that is killed, or whose node is lost, is queued again and
# goes on where it was; wrong input ends it, and `landlens study status` says why.
#SBATCH --job-name=landlens
#SBATCH --array=0-{{last}}
#SBATCH --cpus-per-task={{cpus}}
#SBATCH --mem={{memory}}M
#SBATCH --time={{time}}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output="{{logs}}/part-%a.log"

{{program}} study run {{folder}} --threads "$SLURM_CPUS_PER_TASK" --wait 30
status=$?
# Above 128 a signal ended it: kill -9, or the memory's limit.
if [ "$status" -gt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt {{retries}} ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
  sleep 60
fi
exit "$status"
