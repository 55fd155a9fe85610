"""The query page of the running hub in headless Chromium: every example works unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.api.query_page import EXAMPLES
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import install, needs_node, patient, run
from tests.clients.hub_server import TOKEN

pytestmark = [pytest.mark.outside, needs_node, needs_chromium, patient]


async def test_every_example_of_the_query_page_answers(url: str, tmp_path: Path) -> None:
    await install()
    seen = json.loads(await run("node", "examples.mjs", url, CHROMIUM, str(tmp_path / "profile")))
    assert seen["complaints"] == []
    assert seen["hosts"] == [url.removeprefix("http://")]
    assert seen["token"] == TOKEN
    assert [answer["title"] for answer in seen["answers"]] == [example.title_id for example in EXAMPLES]
    for answer in seen["answers"]:
        assert answer["status"].startswith("HTTP 200 · "), answer
        assert "errors" not in answer["body"], answer
        assert all(_rows(found) for found in answer["body"]["data"].values()), answer


def _rows(found: object) -> object:
    """Return the rows of a list or a connection."""
    return found["edges"] if isinstance(found, dict) else found
