"""The pages in headless Chromium, used as a citizen uses them; axe-core finds nothing on any of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from hub.app import build
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import install, needs_node, patient, run
from tests.schema.harness import Stage
from tests.serving import serve

WITHIN = 400
LARGEST = 200_000
"""Bytes of a page before it is compressed."""


@pytest.mark.outside
@needs_node
@needs_chromium
@patient
async def test_a_citizen_submits_and_follows_a_complaint(
    browser: httpx.AsyncClient, shared: Stage, tmp_path: Path
) -> None:
    await install()
    pictures = [os.environ["HUB_TEST_PICTURES"]] if "HUB_TEST_PICTURES" in os.environ else []
    async with serve(build(shared.settings), lifespan="on") as url:
        seen = json.loads(
            await run("node", "pages.mjs", url, CHROMIUM, str(tmp_path / "profile"), *pictures, seconds=WITHIN)
        )
    assert seen["violations"] == []
    assert seen["overflows"] == []
    assert seen["hosts"] == [url.removeprefix("http://")]
    assert (seen["skipped"], seen["table"]) == ("content", 1)
    assert max(seen["sizes"].values()) < LARGEST
    # The first form was sent empty, and the code was wrong once.
    assert (
        seen["complaints"] == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"] * 2
    )
    assert (len(seen["errors"]), seen["focus"], seen["prefilled"]) == (5, "class", True)
    assert len(seen["refused"]) == 1
    assert (seen["status"], seen["address"]) == ("Diterima", "/lacak")
    assert (seen["replied"], seen["steps"]) == ("Pesan Anda sudah dikirim.", ["Aduan dikirim", "Balasan pelapor"])
