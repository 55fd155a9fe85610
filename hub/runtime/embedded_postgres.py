"""A private PostgreSQL for development, demonstration and tests, run as a child of the hub.

It listens on a unix socket only, and accepts only the user who started the hub (peer authentication). Its data is
persistent; a lock ensures that only one hub uses it at a time.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import psycopg

from hub.errors import BadSetting
from hub.runtime.durability import fsync
from hub.runtime.folder_lock import FolderInUse, FolderLock, FolderRemoved
from hub.runtime.postgres_paths import PostgresPaths, prepare_paths
from hub.runtime.subprocesses import spawn, stop

NAME = "hub"
"""The name of the database, and of the role that owns it."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_checkpoints": "off",
    # A failed statement may contain personal data: neither it nor the row that it names is logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off"}
"""Settings for data that may be lost, such as a test's."""

START_TIMEOUT = 60.0
STOP_STEPS = ((signal.SIGINT, 1.5), (signal.SIGQUIT, 0.5))
"""Fast shutdown, then the immediate one, from which the next start recovers; with seconds to wait for each."""


class EmbeddedPostgres:
    """The private PostgreSQL of one data folder. ``start`` and ``stop`` block; start it from the main thread."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.folder = folder.resolve()
        self._settings = {**SETTINGS, **settings}
        self._lock = FolderLock(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server and return its URL; raises ``FolderInUse`` or ``BadSetting``."""
        self._lock.acquire()
        try:
            paths = prepare_paths(self.folder)
            if not paths.data.exists():
                _initdb(paths, durable=self._settings.get("fsync") != "off")
            _check_version(paths)
            _remove_stale_locks(paths)
            self._process = _start_postgres(paths, self._settings, self._lock.fds)
            _await_connections(paths, self._process)
        except BaseException:
            self.stop()
            raise
        return connection_url(paths)

    def stop(self) -> None:
        """Stop the server and release the lock; does nothing if it does not run."""
        if self._process:
            stop(self._process, STOP_STEPS)
            self._process = None
        self._lock.release()

    def destroy(self) -> None:
        """Stop the server and delete its data, for tests."""
        paths = prepare_paths(self.folder)
        self.stop()
        for path in (paths.data, paths.sockets, paths.home):
            shutil.rmtree(path, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None


@contextlib.asynccontextmanager
async def embedded_postgres(folder: Path, *, share: bool = False) -> AsyncIterator[str]:
    """Yield the URL of the private PostgreSQL, which runs until the block ends.

    With ``share`` the server of a hub that already uses ``folder`` is used, and left running.
    """
    server = EmbeddedPostgres(folder)
    try:
        address = server.start()
    except FolderRemoved:
        # The keys of its data are gone with the folder.
        raise
    except FolderInUse:
        address = connection_url(prepare_paths(server.folder))
        if not share or not _accepts_connections(address):
            raise
    try:
        yield address
    finally:
        server.stop()


def connection_url(paths: PostgresPaths, database: str = NAME) -> str:
    """Return the URL of ``database`` over the socket, for libpq and psycopg."""
    return f"postgresql://{NAME}@/{database}?host={paths.sockets}"


def _initdb(paths: PostgresPaths, *, durable: bool) -> None:
    """Create the data folder under another name first, so that a killed initdb leaves no partial folder.

    The server flushes what it writes itself, but not files that exist at its start: if data must survive a crash of the
    machine (``durable``), all of them are flushed before.
    """
    fresh = paths.home / "pg.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if paths.user:
        os.chown(fresh, paths.user.pw_uid, paths.user.pw_gid)
    options = [
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
        f"--username={NAME}",
        "--encoding=UTF8",
        "--auth=peer",
    ]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    process = spawn(
        [paths.programs / "initdb", *options, *locale, "-D", fresh], output=subprocess.PIPE, user=paths.user
    )
    output, _ = process.communicate()
    if process.returncode:
        raise BadSetting(f"The private PostgreSQL could not be created: {_last_line(output)}.")
    written = _allow_only(fresh, getpass.getuser())
    if durable:
        for each in (*written, fresh):
            fsync(each)
    fresh.rename(paths.data)
    if durable:
        fsync(paths.home)


def _allow_only(data: Path, person: str) -> tuple[Path, Path]:
    """Allow connections of the operating system's user ``person`` only; return the files that were written."""
    access, names = data / "pg_hba.conf", data / "pg_ident.conf"
    access.write_text("local all all peer map=hub\n")
    names.write_text(f'hub "{person}" {NAME}\n')
    return access, names


def _check_version(paths: PostgresPaths) -> None:
    version = (paths.data / "PG_VERSION").read_text().strip()
    if version != "18":
        raise BadSetting(f"{paths.data} was created by PostgreSQL {version}, not 18; remove the folder to start empty.")


def _remove_stale_locks(paths: PostgresPaths) -> None:
    """Remove files of a killed server; they are stale, because this process has the folder's lock."""
    for stale in (paths.data / "postmaster.pid", *paths.sockets.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)


def _start_postgres(paths: PostgresPaths, settings: Mapping[str, str], locks: Sequence[int]) -> subprocess.Popen[bytes]:
    all_settings = {**settings, "unix_socket_directories": str(paths.sockets)}
    options = [argument for name, value in all_settings.items() for argument in ("-c", f"{name}={value}")]
    with (paths.home / "postgres.log").open("wb") as log:
        return spawn(
            [paths.programs / "postgres", "-D", paths.data, *options],
            output=log,
            user=paths.user,
            on_death=signal.SIGINT,
            keep=locks,
        )


def _await_connections(paths: PostgresPaths, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server accepts connections, and create the hub's database if it is missing."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last_line = _last_line((paths.home / "postgres.log").read_bytes())
            raise BadSetting(f"The private PostgreSQL did not start: {last_line}.")
        if _accepts_connections(connection_url(paths, "postgres")):
            return _make_database(connection_url(paths, "postgres"))
        time.sleep(0.02)
    raise BadSetting(f"The private PostgreSQL was not ready within {START_TIMEOUT:g} s.")


def _accepts_connections(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(address: str) -> None:
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it printed nothing"
