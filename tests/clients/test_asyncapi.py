"""The AsyncAPI document is valid by its own parser, without a warning or a hint."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.clients import CLIENTS, install, needs_node, patient

pytestmark = [pytest.mark.outside, needs_node, patient]
DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.json"


async def test_the_document_is_valid_by_its_parser() -> None:
    await install()
    process = await asyncio.create_subprocess_exec(
        "node", "asyncapi.mjs", cwd=CLIENTS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(DOCUMENT.read_bytes())
    assert json.loads(output) == {"read": True, "found": []}
