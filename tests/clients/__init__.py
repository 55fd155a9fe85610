"""Clients written by others: how tests install and run them. All test processes share one installation."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent
INPUTS = ("package.json", "package-lock.json", ".npmrc")
IN_CI = os.environ.get("CI") == "true"
"""In CI a missing tool fails the tests."""

NODE = 20
"""The major version that the newest of the clients, Hive Gateway, requires."""

INSTALL_WITHIN = 400.0
PATIENCE = 600
"""Maximum seconds of a test, which may be the one to install everything, or to fill a hub."""


def _has_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.removeprefix("v").partition(".")[0]) >= NODE


needs_node = pytest.mark.skipif(not (IN_CI or _has_node()), reason=f"Node {NODE} or newer is not installed.")
patient = pytest.mark.timeout(PATIENCE)


async def run(*command: str, seconds: float = 100) -> str:
    """Return the output of a command in this folder; fail with its output if it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CLIENTS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, (out + err).decode()
    return out.decode()


async def install() -> None:
    """Run ``npm ci`` if its inputs changed since the last run; one process at a time, because it empties the folder."""
    with (CLIENTS / ".npmrc").open() as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not _installed():
            await run("npm", "ci", "--no-audit", "--no-fund", seconds=INSTALL_WITHIN)


def _installed() -> bool:
    # npm writes this file last.
    done = CLIENTS / "node_modules" / ".package-lock.json"
    return done.exists() and all((CLIENTS / name).stat().st_mtime <= done.stat().st_mtime for name in INPUTS)
