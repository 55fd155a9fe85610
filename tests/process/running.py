"""Starts the real commands as processes, with settings and a data folder of their own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from hub.process import place as places

HUB = [sys.executable, "-P", "-m", "hub"]


def variables(folder: Path, **given: str) -> dict[str, str]:
    """This environment without its ``HUB_*``, with a data folder and a free port."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**bare, "HUB_DATA_DIR": str(folder / ".hub"), "HUB_PORT": "0", **given}


def command(*words: str, env: dict[str, str], code: int = 0) -> str:
    """What a command prints, after it ended with ``code`` and without a trace."""
    done = subprocess.run([*HUB, *words], env=env, capture_output=True, text=True, timeout=60)
    told = done.stdout + done.stderr
    assert done.returncode == code, told
    assert "Traceback" not in told
    return told


@contextlib.contextmanager
def started(*words: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen([*HUB, *words], env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(15)


def until(seconds: float, what: str, log: Path | None = None) -> Iterator[None]:
    """Steps of a wait that fails with ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.1)
    raise AssertionError(f"{what} within {seconds:g} s\n{log.read_text() if log else ''}")


def status(url: str) -> int:
    """The HTTP status ``url`` answers with; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def processes(folder: Path) -> dict[int, str]:
    """Command lines of what runs for the data folder below ``folder``: children of the hub, and its PostgreSQL."""
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
    """Remove what root's PostgreSQL kept outside the folder."""
    home = _home(folder)
    if home.parent == places.SHARED:
        shutil.rmtree(home, ignore_errors=True)


def port_of(url: str) -> str:
    """The port of ``url``."""
    match = re.search(r":(\d+)$", url)
    assert match
    return match[1]
