"""Clients written by others: how tests install and run them. One installation serves all test processes."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parent
WANTED = ("package.json", "package-lock.json", ".npmrc")

needs_node = pytest.mark.skipif(
    shutil.which("npm") is None and os.environ.get("CI") != "true", reason="Node is not installed."
)


async def run(*command: str, seconds: float = 100) -> str:
    """The output of a command in this folder; fails with what it said, ends it when it takes too long."""
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
    """``npm ci``, unless what the lock file says is there; ``npm ci`` empties the folder, so never two at once."""
    wanted = hashlib.sha256(b"".join((CLIENTS / name).read_bytes() for name in WANTED)).hexdigest()
    with (CLIENTS / ".npmrc").open() as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        stamp = CLIENTS / "node_modules" / ".installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            await run("npm", "ci", "--no-audit", "--no-fund")
            stamp.write_text(wanted)
