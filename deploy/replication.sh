#!/bin/sh
# Run once by the container of PostgreSQL, on an empty data folder and after postgres.sh: lets a replica follow it.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv password POSTGRES_REPLICA_PASSWORD
create role hub_replica login replication nosuperuser nocreaterole nocreatedb password :'password';
SQL
echo "host replication hub_replica all scram-sha-256" >>"$PGDATA/pg_hba.conf"
