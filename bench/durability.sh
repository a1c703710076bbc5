#!/usr/bin/env bash
# Kills, freezes and fills disks far more often than the tests do. It takes about
# an hour on two cores; with a number, as many kills as that.
#
#   bench/durability.sh [KILLS]
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-300}
# Half of them hit a process with the queue and a worker, half a worker alone.
PASTICHE_KILLS=$((kills / 2)) PASTICHE_WORKER_KILLS=$((kills - kills / 2)) \
  PASTICHE_CLUSTER_JOBS=50 PASTICHE_FULL_DISKS=20 \
  go test -count 1 -timeout 0 -v -run 'Killed|Frozen|Full' ./job
