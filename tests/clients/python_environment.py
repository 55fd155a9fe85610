"""Separate Python environments for clients whose dependencies differ from those of the hub."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.clients import CLIENTS, IN_CI, INSTALL_WITHIN


async def installed(name: str, lock: Path, python: Path | str = sys.executable) -> Path:
    """Return the folder of the programs in the environment of ``lock``, made again after the file changed.

    One process makes it at a time. Outside CI the test is skipped if it cannot be installed.
    """
    folder = CLIENTS / f".venv-{name}"
    digest, stamp = hashlib.sha256(lock.read_bytes()).hexdigest(), folder / "wanted"
    with lock.open() as opened:
        await asyncio.to_thread(fcntl.flock, opened, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            return folder / "bin"
        await run(python, "-m", "venv", "--clear", folder)
        pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes")
        code, output = await run(*pip, "--quiet", "--requirement", lock)
        if code and not IN_CI:
            pytest.skip(f"{name} cannot be installed: {output.strip().splitlines()[-1]}")
        assert code == 0, output
        stamp.write_text(digest)
    return folder / "bin"


async def run(*command: str | Path, folder: Path = CLIENTS, **environment: str) -> tuple[int | None, str]:
    """Return exit code and output of a command, which is ended when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, env={**os.environ, **environment}, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(INSTALL_WITHIN):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode()
