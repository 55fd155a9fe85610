"""A PostgreSQL with a streaming replica, of the version that the hub brings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres, connection_url
from hub.runtime.postgres_paths import PostgresPaths, prepare_paths
from tests.waits import steps

PRIMARY = {**THROWAWAY, "wal_level": "replica", "max_wal_senders": "4"}
STANDBY = {**PRIMARY, "hot_standby_feedback": "on"}


@dataclass(frozen=True)
class Replicated:
    """Both servers as superuser: ``url`` of the primary, ``read_url`` of the replica."""

    primary: EmbeddedPostgres
    replica: EmbeddedPostgres
    url: str
    read_url: str

    def pause(self) -> None:
        """Let the replica replay nothing more."""
        run(self.read_url, "select pg_wal_replay_pause()")
        for _ in steps("the replay is not paused"):
            if run(self.read_url, "select pg_get_wal_replay_pause_state()") == "paused":
                return

    def resume(self) -> None:
        """Let the replica replay again, and wait until it has what the primary has."""
        run(self.read_url, "select pg_wal_replay_resume()")
        self.caught_up()

    def caught_up(self) -> None:
        """Wait until the replica has replayed what the primary has written."""
        written = run(self.url, "select pg_current_wal_lsn()::text")
        for _ in steps("the replica does not catch up"):
            if run(self.read_url, f"select pg_last_wal_replay_lsn() >= '{written}'"):
                return


def run(url: str, statement: str) -> object:
    """Return the first value of a statement's result, or None without one."""
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement.encode())
        row = done.fetchone() if done.description else None
    return row[0] if row else None


@contextmanager
def replicated(folder: Path) -> Iterator[Replicated]:
    """Run a primary and its replica below ``folder`` until the block ends."""
    primary, replica = EmbeddedPostgres(folder / "primary", PRIMARY), EmbeddedPostgres(folder / "replica", STANDBY)
    try:
        url = primary.start()
        replica.folder.mkdir()
        source, target = prepare_paths(primary.folder), prepare_paths(replica.folder)
        _allow_replication(source)
        run(url, "select pg_reload_conf()")
        _copy(source, target)
        both = Replicated(primary, replica, url, replica.start())
        both.caught_up()
        yield both
    finally:
        replica.destroy()
        primary.destroy()


def _allow_replication(source: PostgresPaths) -> None:
    """Let the replica's server connect, which runs as the user that PostgreSQL runs as."""
    with (source.data / "pg_hba.conf").open("a") as access:
        access.write("local replication all peer map=hub\n")
    if source.user:
        with (source.data / "pg_ident.conf").open("a") as names:
            names.write(f'hub "{source.user.pw_name}" hub\n')


def _copy(source: PostgresPaths, target: PostgresPaths) -> None:
    """Copy the primary's data, to follow it from there."""
    address = connection_url(source, "postgres")
    backup: list[str | Path] = [
        source.programs / "pg_basebackup",
        "-d",
        address,
        "-D",
        target.data,
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    ]
    subprocess.run([*backup, "--no-sync"], check=True, capture_output=True)
    if target.user:
        for place in (target.data, *target.data.rglob("*")):
            os.chown(place, target.user.pw_uid, target.user.pw_gid, follow_symlinks=False)
