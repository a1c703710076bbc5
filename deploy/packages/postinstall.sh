#!/bin/sh
# After the installation or an update of the Debian or RPM package. The services are not
# started: a studio needs keys first, a worker an address. Those that run get the new
# program; jobs under way continue from their checkpoints.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart pastiche.service 'pastiche-worker@*.service'
fi
