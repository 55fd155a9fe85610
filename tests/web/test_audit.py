"""The server audit of npm ``graphql-http``, over a real port."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.web.conftest import build, serve

CLIENTS = Path(__file__).parents[1] / "clients"

needs_node = pytest.mark.skipif(
    shutil.which("npm") is None and os.environ.get("CI") != "true", reason="Node is not installed."
)


async def run(*command: str, seconds: float = 100) -> str:
    """The output of a command in the clients' folder; fails with what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CLIENTS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(seconds):
        out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return out.decode()


@pytest.mark.outside
@needs_node
async def test_graphql_over_http_audit_passes_in_full() -> None:
    await run("npm", "ci", "--no-audit", "--no-fund")
    async with serve(build()) as url:
        told = json.loads(await run("node", "audit.mjs", f"{url}/graphql"))
    assert told == {"audits": 61, "failed": []}
