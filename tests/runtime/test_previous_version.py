"""The code before the newest migration works with the tables after it, as decision 0014 promises."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from hub.store import schema_version
from tests import hub_processes
from tests.fake_connector import payment
from tests.runtime.test_rolling_upgrade import TOKEN, Load, served
from tests.sync.test_worker import Place, pages, placed
from tests.sync.upstream_systems import System
from tests.waits import HANGS_AFTER

pytestmark = [pytest.mark.whole, pytest.mark.timeout(2 * HANGS_AFTER)]

REPOSITORY = Path(__file__).parents[2]
MIGRATIONS = "hub/store/migrations/versions"


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True).stdout


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The repository as it was before the newest migration was added."""
    newest = f"{MIGRATIONS}/v{schema_version.newest()}_*.py"
    if not (REPOSITORY / ".git").exists() or git("rev-parse", "--is-shallow-repository").strip() == b"true":
        pytest.skip("The history of this repository is not here: clone it with all commits.")
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", newest).decode().strip()
    if not added:
        pytest.skip("The newest migration is not committed yet.")
    if schema_version.oldest_compatible() == schema_version.newest():
        pytest.skip("The newest migration is not compatible with the code before it.")
    folder = tmp_path / "previous"
    with tarfile.open(fileobj=io.BytesIO(git("archive", f"{added}^", "hub", "tests"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def env_of(place: Place, code: Path) -> dict[str, str]:
    """Return the environment of a process of the code in a folder."""
    most = {f"HUB_RATE_{name}": "1000000000" for name in ("ADDRESS", "REQUESTS", "COST", "SUBMISSIONS")}
    return {**place.env(), **most, "HUB_DEMO_OFFICER_TOKEN": TOKEN, "PYTHONPATH": str(code)}


def version(env: dict[str, str]) -> str:
    """Return the newest migration of the code that runs with ``env``."""
    command = "from hub.store import schema_version; print(schema_version.newest())"
    return subprocess.run(
        [sys.executable, "-P", "-c", command], env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


async def test_it_serves_writes_and_pulls(database_url: str, tmp_path: Path, previous: Path) -> None:
    logs = [tmp_path / name for name in ("old.log", "old-worker.log", "new.log", "new-worker.log")]
    async with placed(database_url, tmp_path, 0.5, east=System(pages(2))) as place:
        old, new = env_of(place, previous), env_of(place, REPOSITORY)
        east = place.upstream["east"]
        assert version(old) < version(new) == schema_version.newest()
        with hub_processes.started("serve", env=old, log=logs[0]):
            load = Load(await served(logs[0]))
            async with load.running():
                with hub_processes.started("worker", env=old, log=logs[1]):
                    await place.until(lambda: place.records() == 4)
                    east.pages[0][0] = payment("P0-0", version=2, amount="9")
                    await place.until(lambda: amounts(place) == [9, 4000, 4000, 4000])
                    await load.more()
                with hub_processes.started("serve", env=new, log=logs[2]):
                    load.url = await served(logs[2])
                    with hub_processes.started("worker", env=new, log=logs[3]):
                        seen = len(east.runs)
                        await place.until(lambda: len(east.runs) >= seen + 2)
                    await load.more()
        assert load.faults == []
        assert amounts(place) == [9, 4000, 4000, 4000]
        assert place.rows("select count(*) from quarantine") == [(0,)]
    assert "Traceback" not in "".join(log.read_text() for log in logs)


def amounts(place: Place) -> list[int]:
    return [int(amount) for (amount,) in place.rows("select amount from records order by external_id")]
