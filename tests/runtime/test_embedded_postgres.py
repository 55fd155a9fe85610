"""The private PostgreSQL: its start and end, who may connect, and the end after its hub was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hub.errors import BadSetting
from hub.runtime import embedded_postgres as private
from hub.runtime import postgres_paths as places
from hub.runtime import subprocesses
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres, embedded_postgres
from hub.runtime.folder_lock import FolderInUse
from tests.waits import steps

pytestmark = pytest.mark.whole

HOLD = """
import sys, time, pathlib
from hub.runtime.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
print(server.start(), server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / ".hub", THROWAWAY)
    yield server
    server.destroy()


@pytest.fixture
def killed(server: EmbeddedPostgres) -> int:
    """The process id of a PostgreSQL whose hub was just killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(server.folder)], stdout=subprocess.PIPE)
    assert holder.stdout
    pid = int(holder.stdout.readline().split()[1])
    holder.kill()
    holder.communicate()
    return pid


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
        return row and row[0]


def keep_a_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")


def test_data_survives_a_restart(server: EmbeddedPostgres) -> None:
    keep_a_row(server.start())
    server.stop()
    assert one(server.start(), "SELECT n FROM kept") == 42


@pytest.mark.parametrize("settings", [{}, THROWAWAY])
def test_data_is_synced_before_start_unless_throwaway(
    tmp_path: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []

    def spawn(words: list[str | Path], **given: Any) -> subprocess.Popen[bytes]:
        did.append(Path(words[0]).name + (" --no-sync" if "--no-sync" in words else ""))
        return subprocesses.spawn(words, **given)

    monkeypatch.setattr(private, "spawn", spawn)
    monkeypatch.setattr(private, "fsync", lambda path: did.append(path.name))
    server = EmbeddedPostgres(tmp_path / ".hub", settings)
    try:
        server.start()
        home = places.prepare_paths(server.folder).home.name
    finally:
        server.destroy()
    synced = [] if settings else ["pg_hba.conf", "pg_ident.conf", "pg.new", home]
    assert did == ["initdb" + (" --no-sync" if settings else ""), *synced, "postgres"]


def test_no_network_socket_is_opened(server: EmbeddedPostgres) -> None:
    assert one(server.start(), "SHOW listen_addresses") == ""


def test_text_is_utf8_and_case_mapping_is_independent_of_locale(server: EmbeddedPostgres) -> None:
    assert one(server.start(), "SELECT upper('é')") == "É"


def test_a_second_hub_in_the_folder_is_refused_in_one_sentence(server: EmbeddedPostgres) -> None:
    server.start()
    with pytest.raises(FolderInUse, match=rf"^The data folder .* is in use by process {os.getpid()}; .*\.$"):
        EmbeddedPostgres(server.folder).start()


async def test_a_command_beside_a_running_hub_shares_its_server(server: EmbeddedPostgres) -> None:
    address = server.start()
    async with embedded_postgres(server.folder, share=True) as shared:
        assert shared == address
    assert one(address, "SELECT 1") == 1


async def test_a_command_alone_has_a_server_while_it_runs(server: EmbeddedPostgres) -> None:
    async with embedded_postgres(server.folder, share=True) as address:
        assert one(address, "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        one(address, "SELECT 1")


def test_postgres_ends_when_its_hub_is_killed(killed: int) -> None:
    for _ in steps("PostgreSQL outlived its hub"):
        if not Path(f"/proc/{killed}").exists():
            break


def test_the_next_start_follows_at_once_on_a_killed_hub(killed: int, server: EmbeddedPostgres) -> None:
    assert one(server.start(), "SELECT 1") == 1
    assert server.pid != killed


def test_the_next_start_follows_on_a_killed_postgres(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    # As after a restart of the machine: the number in the file belongs to another program by now.
    pid_file = places.prepare_paths(server.folder).data / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getppid()), *pid_file.read_text().splitlines()[1:]]))
    assert one(server.start(), "SELECT 1") == 1


def test_data_of_another_version_is_refused_in_one_sentence(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (places.prepare_paths(server.folder).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(BadSetting, match="created by PostgreSQL 17"):
        server.start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("a" * 120) / ".hub", THROWAWAY)
    try:
        assert one(server.start(), "SELECT 1") == 1
    finally:
        server.destroy()


def test_permissions_of_the_folders_above_stay_as_they_are(server: EmbeddedPostgres) -> None:
    above = [folder for folder in (server.folder, *server.folder.parents) if folder.exists()]
    before = {folder: folder.stat().st_mode for folder in above}
    server.start()
    assert {folder: folder.stat().st_mode for folder in above} == before


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of ``/var/lib/hub`` that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(places, "SHARED", Path(folder))
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
class TestAsRoot:
    def test_postgres_runs_as_another_user_in_its_own_folder(self, server: EmbeddedPostgres) -> None:
        server.start()
        here = places.prepare_paths(server.folder)
        assert here.user
        assert here.data.stat().st_uid == here.user.pw_uid != 0
        assert here.home.parent == places.SHARED

    def test_only_who_started_the_hub_is_let_in(self, server: EmbeddedPostgres) -> None:
        address = server.start()
        other = places.prepare_paths(server.folder).user
        assert other
        client = places.prepare_paths(server.folder).programs / "psql"
        result = subprocess.run([client, address, "-c", "SELECT 1"], user=other.pw_uid, capture_output=True, cwd="/")
        assert b"Peer authentication failed" in result.stderr

    def test_who_removes_the_data_folder_starts_afresh(self, server: EmbeddedPostgres) -> None:
        keep_a_row(server.start())
        server.stop()
        (server.folder / "pg").unlink()
        assert one(server.start(), "SELECT count(*) FROM pg_class WHERE relname = 'kept'") == 0

    def test_programs_below_an_unreadable_home_are_copied(
        self, server: EmbeddedPostgres, shared: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(places, "_readable_by_all", lambda program: False)
        assert str(one(server.start(), "SHOW server_version_num")).startswith("18")
        assert shared in places.prepare_paths(server.folder).programs.parents
        server.stop()
        assert one(server.start(), "SELECT 1") == 1, "the copy serves again"
        server.destroy()


async def test_where_the_folder_was_removed_no_second_server_starts(server: EmbeddedPostgres) -> None:
    address = server.start()
    (server.folder / "lock").unlink()
    removed = rf"^The data folder .* was removed while process {os.getpid()} worked in it; .*\.$"
    with pytest.raises(FolderInUse, match=removed):
        EmbeddedPostgres(server.folder).start()
    with pytest.raises(FolderInUse, match=removed):
        async with embedded_postgres(server.folder, share=True):
            pass
    assert one(address, "SELECT 1") == 1
