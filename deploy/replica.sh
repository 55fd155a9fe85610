#!/bin/sh
# Run by the container of the replica, as postgres: copies the server at $PGHOST once, and follows it from then on.
set -eu
umask 077
if [ ! -e "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  mkdir -p "$(dirname "$PGDATA")"
  pg_basebackup --pgdata="$PGDATA.new" --write-recovery-conf --checkpoint=fast --no-password
  # A copy that was interrupted is not taken for one that is complete.
  mv "$PGDATA.new" "$PGDATA"
fi
unset PGPASSWORD
exec postgres "$@"
