"""PgBouncer as a process, with the file and the script of ``deploy/``."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import conninfo

from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres
from hub.runtime.postgres_paths import prepare_paths
from hub.store.connection_pool import SESSION_SETTINGS
from tests.standby import run
from tests.waits import HANGS_AFTER, steps

DEPLOY = Path(__file__).parents[1] / "deploy"
SERVER_CONNECTIONS = 3

needs_pgbouncer = pytest.mark.skipif(
    shutil.which("pgbouncer") is None and os.environ.get("CI") != "true", reason="pgbouncer is not installed."
)


@dataclass(frozen=True)
class Pooler:
    """``url`` leads to the database through the pooler; ``file`` is its configuration."""

    url: str
    console_url: str

    def shown(self, what: str) -> list[dict[str, object]]:
        """Return the rows of ``show …`` in the pooler's console, such as ``clients``."""
        with psycopg.connect(self.console_url, autocommit=True, row_factory=psycopg.rows.dict_row) as console:
            return console.execute(f"show {what}".encode()).fetchall()


@contextmanager
def server_for_pooler(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL below ``folder`` that a pooler may connect to; yield its URL."""
    server = EmbeddedPostgres(folder, THROWAWAY)
    try:
        url = server.start()
        paths = prepare_paths(folder)
        if paths.user:
            with (paths.data / "pg_ident.conf").open("a") as names:
                names.write(f'hub "{paths.user.pw_name}" hub\n')
            run(url, "select pg_reload_conf()")
        yield url
    finally:
        server.destroy()


def configure_database(url: str) -> None:
    """Give the database of ``url`` the settings that ``deploy/postgres.sh`` gives the hub's role."""
    name = psycopg.sql.Identifier(str(conninfo.conninfo_to_dict(url)["dbname"]))
    with psycopg.connect(url, autocommit=True) as connection:
        for setting, value in SESSION_SETTINGS.items():
            statement = psycopg.sql.SQL("alter database {} set {} = {}")
            connection.execute(statement.format(name, psycopg.sql.Identifier(setting), psycopg.sql.Literal(value)))


@contextmanager
def pgbouncer(database_url: str, *, more: str = "") -> Iterator[Pooler]:
    """Run PgBouncer in front of the database of ``database_url``; ``more`` are lines for its file."""
    # Not below the folder of the test, which other users cannot enter: as root PgBouncer does not start.
    with tempfile.TemporaryDirectory(prefix="hub-pooler-") as name:
        folder, server, port = Path(name), conninfo.conninfo_to_dict(database_url), _free_port()
        user, password = str(server["user"]), str(server.get("password") or "a\"b'c")
        database = str(server["dbname"])
        host = str(server.get("host") or "127.0.0.1")
        text = (DEPLOY / "pgbouncer.ini").read_text()
        for old, new in {
            "host=postgres port=5432 dbname=hub": f"host={host} port={server.get('port') or 5432} dbname={database}",
            "\nhub": f"\n{database}",
            "listen_addr = *": "listen_addr = 127.0.0.1",
            "listen_port = 6432": f"listen_port = {port}",
            "default_pool_size = 20": f"default_pool_size = {SERVER_CONNECTIONS}",
            "/run/pgbouncer": name,
            "unix_socket_dir =": f"unix_socket_dir = {name}",
            "hub_app": user,
        }.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "pgbouncer.ini").write_text(text + more)
        script = (DEPLOY / "pgbouncer.sh").read_text().replace("hub_app", user)
        script = re.sub("/(run|etc)/pgbouncer/", f"{name}/", script)
        owner = None
        if os.geteuid() == 0:
            # Who may enter the folder of the server's socket.
            owner = pwd.getpwuid(Path(host).stat().st_uid) if host.startswith("/") else pwd.getpwnam("nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", script],
                env={"PATH": os.environ["PATH"], "POSTGRES_PASSWORD": password},
                stdout=log,
                stderr=log,
                user=owner and owner.pw_uid,
                group=owner and owner.pw_gid,
                extra_groups=[] if owner else None,
            )
        try:
            _until_listening(process, port, folder / "log")
            at = f"postgresql://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{port}"
            yield Pooler(f"{at}/{database}", f"{at}/pgbouncer")
        finally:
            process.terminate()
            process.wait(HANGS_AFTER)


def _until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in steps("PgBouncer does not listen", log):
        assert process.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
