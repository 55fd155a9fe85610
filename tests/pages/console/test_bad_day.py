"""A bad day of a demonstration hub, cleared by clicks in the console alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests import hub_processes
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import install, needs_node, run
from tests.waits import HANGS_AFTER, steps

SECONDS = 2 * HANGS_AFTER


def kept(path: Path) -> str:
    """Return a secret of the demonstration as it is used."""
    return path.read_text().strip().translate(str.maketrans("+/", "-_")).rstrip("=")


@pytest.mark.outside
@needs_node
@needs_chromium
@pytest.mark.timeout(2 * SECONDS)
async def test_a_bad_day_is_cleared_in_the_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await install()
    log, data = tmp_path / "log", tmp_path / ".hub"
    env = hub_processes.variables(tmp_path, HUB_CONNECTORS="lapor")
    try:
        with hub_processes.started("run", "--demo", env=env, log=log) as process:
            for line in ("^The hub is ready", "^lapor +up"):
                for _ in steps(f"the log has no {line}", log):
                    assert process.poll() is None, log.read_text()
                    if re.search(line, log.read_text(), re.MULTILINE):
                        break
            monkeypatch.setenv("HUB_TEST_OFFICER", f"petugas:{kept(data / 'demo' / 'petugas')}")
            leaked = f"gojek:{kept(data / 'demo' / 'gojek')}"
            arguments = (str(data / "run.json"), CHROMIUM, str(tmp_path / "profile"), leaked)
            seen = json.loads(await run("node", "bad_day.mjs", *arguments, seconds=SECONDS))
    finally:
        hub_processes.remove(tmp_path)
    assert seen["cleared"] == ["down", "deliveries", "quarantine", "secret"]
    assert seen["states"] == ["DONE"]
    assert (seen["fresh"], seen["tokens"]) == (True, [200, 401])
    assert seen["complaints"] == []
