#!/bin/sh
# Run by the container of PgBouncer: writes the password of the hub's role where PgBouncer reads it, and becomes PgBouncer.
set -eu
umask 077
printf '"hub_app" "%s"\n' "$(printf %s "$POSTGRES_PASSWORD" | sed 's/"/""/g')" >/run/pgbouncer/userlist.txt
unset POSTGRES_PASSWORD
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
