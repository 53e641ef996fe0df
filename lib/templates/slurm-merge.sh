#!/bin/bash
# Makes the one table of a landlens study once all of its parts have ended.
#SBATCH --job-name=landlens-merge
#SBATCH --cpus-per-task=1
#SBATCH --mem=2048M
#SBATCH --time={{time}}
#SBATCH --open-mode=append
#SBATCH --output="{{logs}}/merge.log"

exec {{program}} study merge {{folder}}
