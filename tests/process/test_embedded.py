"""The private PostgreSQL: its start and end, who may enter, and what happens when its hub is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.errors import BadSetting
from hub.process import place as places
from hub.process.embedded import THROWAWAY, Embedded, embedded
from hub.process.lock import FolderInUse

pytestmark = pytest.mark.whole

HOLD = """
import sys, time, pathlib
from hub.process.embedded import Embedded
server = Embedded(pathlib.Path(sys.argv[1]))
print(server.start(), server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    server = Embedded(tmp_path / ".hub", THROWAWAY)
    yield server
    server.destroy()


@pytest.fixture
def killed(server: Embedded) -> int:
    """The process id of a PostgreSQL whose hub was just killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(server.folder)], stdout=subprocess.PIPE)
    assert holder.stdout
    pid = int(holder.stdout.readline().split()[1])
    holder.kill()
    holder.communicate()
    return pid


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
        return row and row[0]


def keep_a_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")


def test_data_survives_a_restart(server: Embedded) -> None:
    keep_a_row(server.start())
    server.stop()
    assert one(server.start(), "SELECT n FROM kept") == 42


def test_no_network_socket_is_opened(server: Embedded) -> None:
    assert one(server.start(), "SHOW listen_addresses") == ""


def test_text_is_utf8_and_case_mapping_does_not_depend_on_the_machine(server: Embedded) -> None:
    assert one(server.start(), "SELECT upper('é')") == "É"


def test_a_second_hub_in_the_folder_is_refused_in_one_sentence(server: Embedded) -> None:
    server.start()
    with pytest.raises(FolderInUse, match=rf"^The data folder .* is in use by process {os.getpid()}; .*\.$"):
        Embedded(server.folder).start()


async def test_a_command_beside_a_running_hub_shares_its_server(server: Embedded) -> None:
    address = server.start()
    async with embedded(server.folder, share=True) as shared:
        assert shared == address
    assert one(address, "SELECT 1") == 1


async def test_a_command_alone_has_a_server_while_it_runs(server: Embedded) -> None:
    async with embedded(server.folder, share=True) as address:
        assert one(address, "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        one(address, "SELECT 1")


def test_postgres_ends_when_its_hub_is_killed(killed: int) -> None:
    until = time.monotonic() + 10
    while Path(f"/proc/{killed}").exists():
        assert time.monotonic() < until, "PostgreSQL outlived its hub"
        time.sleep(0.02)


def test_the_next_start_follows_at_once_on_a_killed_hub(killed: int, server: Embedded) -> None:
    assert one(server.start(), "SELECT 1") == 1
    assert server.pid != killed


def test_the_next_start_follows_on_a_killed_postgres(server: Embedded) -> None:
    server.start()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    # As after a restart of the machine: the number in the file belongs to another program by now.
    pid_file = places.place(server.folder).data / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getppid()), *pid_file.read_text().splitlines()[1:]]))
    assert one(server.start(), "SELECT 1") == 1


def test_data_of_another_version_is_refused_in_one_sentence(server: Embedded) -> None:
    server.start()
    server.stop()
    (places.place(server.folder).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(BadSetting, match="made by PostgreSQL 17"):
        server.start()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    server = Embedded(tmp_path / ("a" * 120) / ".hub", THROWAWAY)
    try:
        assert one(server.start(), "SELECT 1") == 1
    finally:
        server.destroy()


def test_permissions_of_the_folders_above_stay_as_they_are(server: Embedded) -> None:
    above = [folder for folder in (server.folder, *server.folder.parents) if folder.exists()]
    before = {folder: folder.stat().st_mode for folder in above}
    server.start()
    assert {folder: folder.stat().st_mode for folder in above} == before


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder instead of ``/var/lib/hub`` that other users can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(places, "SHARED", Path(folder))
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
class TestAsRoot:
    def test_postgres_runs_as_another_user_below_a_folder_of_its_own(self, server: Embedded) -> None:
        server.start()
        here = places.place(server.folder)
        assert here.user
        assert here.data.stat().st_uid == here.user.pw_uid != 0
        assert here.home.parent == places.SHARED

    def test_only_who_started_the_hub_is_let_in(self, server: Embedded) -> None:
        address = server.start()
        other = places.place(server.folder).user
        assert other
        client = places.place(server.folder).programs / "psql"
        asked = subprocess.run([client, address, "-c", "SELECT 1"], user=other.pw_uid, capture_output=True, cwd="/")
        assert b"Peer authentication failed" in asked.stderr

    def test_who_removes_the_data_folder_starts_afresh(self, server: Embedded) -> None:
        keep_a_row(server.start())
        server.stop()
        (server.folder / "pg").unlink()
        assert one(server.start(), "SELECT count(*) FROM pg_class WHERE relname = 'kept'") == 0

    def test_programs_below_an_unreadable_home_are_copied(
        self, server: Embedded, shared: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(places, "_readable_by_all", lambda program: False)
        assert str(one(server.start(), "SHOW server_version_num")).startswith("18")
        assert shared in places.place(server.folder).programs.parents
        server.stop()
        assert one(server.start(), "SELECT 1") == 1, "the copy serves again"
        server.destroy()
