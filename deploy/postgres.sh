#!/bin/sh
# Run once by the container of PostgreSQL, on an empty data folder: the hub's database, and two roles that are no superusers.
# `hub` owns the tables and migrates (createdb is for a drill of `hub backup`); `hub_app`, which the hub works as, owns
# nothing, and gets what it needs from `hub migrate`. Without a password the superuser gets in by the container's own
# socket alone.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
\getenv owner POSTGRES_OWNER_PASSWORD
create role hub login nosuperuser nocreaterole createdb password :'owner';
create role hub_app login nosuperuser nocreaterole nocreatedb password :'password';
-- For sessions behind a pooler, which the hub cannot configure.
alter role hub_app set statement_timeout = '60s';
alter role hub_app set TimeZone = 'UTC';
alter role hub_app set tcp_keepalives_idle = '20';
alter role hub_app set tcp_keepalives_interval = '10';
alter role hub_app set tcp_keepalives_count = '3';
create database hub owner hub;
revoke all on database hub from public;
grant connect, temporary on database hub to hub_app;
alter role current_user password null;
SQL
