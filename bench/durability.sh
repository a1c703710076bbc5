#!/usr/bin/env bash
# Kills processes, freezes them and fills disks, far more often than the tests do. With
# the default of 300 kills it takes about an hour on two cores.
#
#   bench/durability.sh [KILLS]
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-300}
# Half of the kills hit a process with a server and a worker, half a worker alone.
PASTICHE_KILLS=$((kills / 2)) PASTICHE_WORKER_KILLS=$((kills - kills / 2)) \
  PASTICHE_CLUSTER_JOBS=50 PASTICHE_FULL_DISKS=20 \
  go test -count 1 -timeout 0 -v -run '^Test(Killed|WorkerKilled|FrozenWorker|ServersKilled|DiskFull)$' ./internal/job
# A painting of a video, which is continued after each kill.
PASTICHE_VIDEO_KILLS=$((kills / 10)) go test -count 1 -timeout 0 -v -run '^TestVideoAfterKill$' ./cmd/pastiche
