"""The commands of docs/installation.md run unchanged, below a folder and on a server of the test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.readme import DOCS, FENCED, ROOT
from tests.waits import HANGS_AFTER

PAGE = DOCS / "installation.md"
SERVER = "pg_virtualenv"
FOLDERS = ("/opt/hub", "/etc/hub", "/etc/systemd/system", "/usr/local/sbin", "/var/lib/hub-data", "/var/backups/hub")
ROOTS = {
    "POSTGRES_USER=postgres": 'POSTGRES_USER="$PGUSER"',
    "runuser -u postgres -- ": "",
    "127.0.0.1:5432": "127.0.0.1:$PGPORT",
    "-o hub -g hub ": "",
    "setpriv --reuid=hub --regid=hub --init-groups ": "",
}
"""What differs in a test: the users of the machine, and the server's port."""


def blocks(language: str) -> str:
    return "".join(text for name, text in FENCED.findall(PAGE.read_text()) if name == language)


def test_lock_files_and_units_that_are_named_are_there() -> None:
    named = set(re.findall(r"requirements\.\w+\.lock|requirements\.lock", PAGE.read_text()))
    assert named == {path.name for path in ROOT.glob("requirements*.lock")}
    units = {unit for line in re.findall(r"^systemctl (?:enable|restart).*", blocks("console"), re.M) for unit in
             re.findall(r"hub-\w+", line)}  # fmt: skip
    assert units == {path.stem for path in (ROOT / "deploy" / "systemd").glob("*.service")}


@pytest.mark.outside
@pytest.mark.timeout(2 * HANGS_AFTER)
@pytest.mark.skipif(shutil.which(SERVER) is None and os.environ.get("CI") != "true", reason=f"{SERVER} is not here.")
def test_every_command_runs(tmp_path: Path) -> None:
    home = tmp_path / "machine"
    for folder in FOLDERS:
        (home / folder[1:]).mkdir(parents=True)
    (home / "opt/hub/.venv").symlink_to(sys.prefix)
    shutil.copytree(ROOT / "deploy", home / "opt/hub/deploy")
    wrapper = home / "opt/hub/deploy/hub.sh"
    page, script = blocks("sh"), wrapper.read_text()
    assert [each for each in (*FOLDERS, *ROOTS) if each not in page + script] == []
    wrapper.write_text(moved(script, home))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))}
    done = subprocess.run(
        [SERVER, "-t", "-v", "15", "sh", "-euc", moved(page, home)],
        env={**env, "PATH": f"{home}/usr/local/sbin:{env['PATH']}"},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    for shown in ("owns none of the hub's tables", "the newest", "is added as", "are identical"):
        assert shown in output
    secrets = home / "etc/hub"
    assert {path.stat().st_mode & 0o777 for path in (secrets, *secrets.iterdir())} == {0o700, 0o600}


def moved(text: str, home: Path) -> str:
    """Return the same commands for a machine below ``home``."""
    for path, here in (*ROOTS.items(), *((folder, f"{home}{folder}") for folder in FOLDERS)):
        text = text.replace(path, here)
    return text
