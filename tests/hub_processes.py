"""Starts the real commands as processes, with their own settings and data folder."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from hub.runtime import postgres_paths as places
from tests.waits import HANGS_AFTER, steps

HUB = [sys.executable, "-P", "-m", "hub"]


def variables(folder: Path, **given: str) -> dict[str, str]:
    """Return this environment without ``HUB_*``, with a data folder and a free port."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**bare, "HUB_DATA_DIR": str(folder / ".hub"), "HUB_PORT": "0", **given}


def command(*arguments: str, env: dict[str, str], code: int = 0) -> str:
    """Return the output of a command, which must end with ``code`` and without a traceback."""
    done = _run(arguments, env)
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    return output


def doctor_findings(env: dict[str, str]) -> dict[str, Any]:
    """Return the findings of ``hub doctor`` by name; it exits with 1 if one is a failure."""
    done = _run(("doctor", "--json"), env)
    found = {one["check"]: one for one in orjson.loads(done.stdout)}
    assert done.returncode == (0 if all(one["ok"] for one in found.values()) else 1)
    return found


def _run(arguments: tuple[str, ...], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*HUB, *arguments], env=env, capture_output=True, text=True, timeout=HANGS_AFTER)
    assert "Traceback" not in done.stdout + done.stderr
    return done


@contextlib.contextmanager
def started(*arguments: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen([*HUB, *arguments], env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(HANGS_AFTER)


def status(url: str) -> int:
    """Return the HTTP status of ``url``; 0 without a response."""
    try:
        with urllib.request.urlopen(url, timeout=HANGS_AFTER) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def url_when_ready(log: Path) -> str:
    """Wait until ``hub serve`` with this JSON log is ready, and return its URL."""
    for _ in steps("the hub does not serve", log):
        found = re.search(r'"url": ?"(http://[^/"]+)/graphql"', log.read_text())
        if found and status(f"{found[1]}/readyz") == 200:
            return found[1]
    raise AssertionError("steps() raises")


def processes(folder: Path) -> dict[int, str]:
    """Return the command lines of the processes of a data folder: children of the hub, and its PostgreSQL."""
    marks = (f"HUB_DATA_DIR={folder / '.hub'}\0".encode(), str(_home(folder)).encode())
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line, env = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if entry.name.isdigit() and state != "Z" and (marks[0] in env + b"\0" or marks[1] in line):
                found[int(entry.name)] = line.replace(b"\0", b" ").decode()
    found.pop(os.getpid(), None)
    return found


def _home(folder: Path) -> Path:
    link = folder / ".hub" / "pg"
    return link.readlink().parent if link.is_symlink() else folder / ".hub" / "pg"


def remove(folder: Path) -> None:
    """Remove the data of root's PostgreSQL outside of the folder."""
    home = _home(folder)
    if home.parent == places.SHARED:
        shutil.rmtree(home, ignore_errors=True)


def port_of(url: str) -> str:
    """Return the port of ``url``."""
    match = re.search(r":(\d+)$", url)
    assert match
    return match[1]
