"""A private PostgreSQL for development, demonstration and tests, run as a child of the hub.

It listens on a unix socket only, and lets in nobody but the user who started the hub (peer
authentication). Its data survives; a lock makes sure that one hub at a time works on it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType

import psycopg

from hub.errors import BadSetting
from hub.process.child import end, spawn
from hub.process.lock import FolderInUse, FolderLock
from hub.process.place import Place, place

NAME = "hub"
"""The database, and the role that owns it."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A crash may lose the last moments of a demonstration, never its consistency.
    "synchronous_commit": "off",
    "log_checkpoints": "off",
    # A refused statement may hold personal data: neither it nor the row it names is written down.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off"}
"""Settings for data nobody will miss, such as a test's."""

STARTED_WITHIN = 60.0
STOP_STEPS = ((signal.SIGINT, 1.5), (signal.SIGQUIT, 0.5))
"""Fast shutdown, then the immediate one, from which the next start recovers; seconds for each."""


class Embedded:
    """The private PostgreSQL of one data folder. ``start`` and ``stop`` block; start it from the main thread."""

    def __init__(self, folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        self.folder = folder.resolve()
        self._settings = {**SETTINGS, **settings}
        self._lock = FolderLock(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """The URL of a server that accepts connections; ``FolderInUse`` or ``BadSetting`` when there can be none."""
        self._lock.take()
        try:
            here = place(self.folder)
            if not here.data.exists():
                _initdb(here)
            _check_version(here)
            _remove_stale_locks(here)
            self._process = _postgres(here, self._settings, self._lock.fd)
            _await_connections(here, self._process)
        except BaseException:
            self.stop()
            raise
        return url(here)

    def stop(self) -> None:
        """End the server and let go of the data; harmless when it does not run."""
        if self._process:
            end(self._process, STOP_STEPS)
            self._process = None
        self._lock.release()

    def destroy(self) -> None:
        """End the server and remove its data, for tests."""
        here = place(self.folder)
        self.stop()
        for gone in (here.data, here.sockets, here.home):
            shutil.rmtree(gone, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None


@contextlib.asynccontextmanager
async def embedded(folder: Path, *, share: bool = False) -> AsyncIterator[str]:
    """The URL of the private PostgreSQL, which runs until the block ends.

    With ``share`` the server of a hub that already works in ``folder`` is used, and left running.
    """
    server = Embedded(folder)
    try:
        address = server.start()
    except FolderInUse:
        address = url(place(server.folder))
        if not share or not _accepts(address):
            raise
    try:
        yield address
    finally:
        server.stop()


def url(here: Place, database: str = NAME) -> str:
    """How libpq and psycopg reach ``database`` over the socket."""
    return f"postgresql://{NAME}@/{database}?host={here.sockets}"


def _initdb(here: Place) -> None:
    """Make the data folder under another name first, so that a killed initdb leaves nothing half done."""
    fresh = here.home / "pg.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if here.user:
        os.chown(fresh, here.user.pw_uid, here.user.pw_gid)
    options = ["--no-sync", "--no-instructions", f"--username={NAME}", "--encoding=UTF8", "--auth=peer"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    made = spawn([here.programs / "initdb", *options, *locale, "-D", fresh], output=subprocess.PIPE, user=here.user)
    told, _ = made.communicate()
    if made.returncode:
        raise BadSetting(f"The private PostgreSQL could not be made: {_last_line(told)}.")
    _admit_only(fresh, getpass.getuser())
    fresh.rename(here.data)


def _admit_only(data: Path, person: str) -> None:
    """Let in the operating system's user ``person`` and nobody else."""
    (data / "pg_hba.conf").write_text("local all all peer map=hub\n")
    (data / "pg_ident.conf").write_text(f'hub "{person}" {NAME}\n')


def _check_version(here: Place) -> None:
    data = (here.data / "PG_VERSION").read_text().strip()
    if data != "18":
        raise BadSetting(f"{here.data} was made by PostgreSQL {data}, not 18; remove the folder to start afresh.")


def _remove_stale_locks(here: Place) -> None:
    """We hold the folder's lock, which PostgreSQL shares, so what a killed server left behind is stale."""
    for left in (here.data / "postmaster.pid", *here.sockets.glob(".s.PGSQL.*")):
        left.unlink(missing_ok=True)


def _postgres(here: Place, settings: Mapping[str, str], lock: int) -> subprocess.Popen[bytes]:
    asked = {**settings, "unix_socket_directories": str(here.sockets)}
    options = [word for name, value in asked.items() for word in ("-c", f"{name}={value}")]
    with (here.home / "postgres.log").open("wb") as log:
        return spawn(
            [here.programs / "postgres", "-D", here.data, *options],
            output=log,
            user=here.user,
            on_death=signal.SIGINT,
            keep=(lock,),
        )


def _await_connections(here: Place, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server accepts connections, and make the hub's database if it is new."""
    until = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            told = _last_line((here.home / "postgres.log").read_bytes())
            raise BadSetting(f"The private PostgreSQL did not start: {told}.")
        if _accepts(url(here, "postgres")):
            return _make_database(url(here, "postgres"))
        time.sleep(0.02)
    raise BadSetting(f"The private PostgreSQL was not ready within {STARTED_WITHIN:g} s.")


def _accepts(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(address: str) -> None:
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            connection.execute(f"CREATE DATABASE {NAME}")


def _last_line(told: bytes) -> str:
    lines = told.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it said nothing"
