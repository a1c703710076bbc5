#!/bin/sh
# Before the package is removed. dpkg says "remove", and rpm how many versions remain.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
  systemctl stop pastiche.service 'pastiche-worker@*.service'
  systemctl disable pastiche.service pastiche-worker@.service # of a template: all its instances
fi
