#!/bin/sh
# Run a command of the hub as the units do, with their user and settings. Install it as /usr/local/sbin/hub, for root:
#
#   hub doctor
#
# `hub migrate` and `hub backup` work as the role that owns the tables. Name files by their whole path.
set -eu
set -a
. /etc/hub/env
HUB_DATA_DIR=/var/lib/hub-data
case "${1:-}" in
migrate | backup)
  [ ! -e /etc/hub/migrate.env ] || . /etc/hub/migrate.env
  ;;
esac
if [ "${1:-}" = backup ]; then
  HUB_DATABASE_URL=${HUB_MIGRATION_DATABASE_URL:-$HUB_DATABASE_URL}
fi
set +a
cd "$HUB_DATA_DIR"
exec setpriv --reuid=hub --regid=hub --init-groups /opt/hub/.venv/bin/hub "$@"
