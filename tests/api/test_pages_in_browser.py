"""The pages in headless Chromium, used as a person uses them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.api import pages
from hub.api.pages import System
from hub.api.query_page import EXAMPLES
from tests.api.graph_app import build
from tests.clients import install, needs_node, run
from tests.serving import serve

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"

needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).exists() and os.environ.get("CI") != "true", reason="Chromium is not installed."
)


async def systems() -> Sequence[System]:
    up = {"name": "lapor", "title": "SP4N-LAPOR!", "state": "UP", "asOf": "2026-02-03T10:00:00+07:00"}
    down = {
        "name": "gopay",
        "title": "Go-Pay / Trans Jateng",
        "state": "DOWN",
        "downSince": "2026-02-03T09:58:12+07:00",
    }
    return [{**up, "records": 6000, "quarantined": 3}, {**down, "records": 50_000, "quarantined": 0}]


@pytest.mark.outside
@needs_node
@needs_chromium
async def test_a_person_runs_a_query_in_a_browser(tmp_path: Path) -> None:
    app = build()
    app.router.routes.insert(0, pages.home_route(systems))
    await install()
    pictures = [os.environ["HUB_TEST_PICTURES"]] if "HUB_TEST_PICTURES" in os.environ else []
    async with serve(app) as url:
        seen = json.loads(await run("node", "browse.mjs", url, CHROMIUM, str(tmp_path / "profile"), *pictures))
    assert seen["complaints"] == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
    assert seen["hosts"] == [url.removeprefix("http://")]
    assert seen["examples"] == [example.title_id for example in EXAMPLES]
    assert seen["first"].replace("\r", "") == EXAMPLES[0].query
    assert (seen["variables"], seen["token"]) == (EXAMPLES[1].variables, "demo-token")
    assert len(seen["result"]["data"]["complaints"]["edges"]) == 3
    assert seen["coloured"] > 5
    assert seen["status"].startswith("HTTP 200 · ")
    assert seen["status"].endswith(" · biaya 7 dari 25000")
    assert seen["status_english"].endswith(" · cost 7 of 25000")
    assert (seen["english"], seen["language"]) == ("Run", "en")
    assert seen["wrong_variables"].startswith("The variables are not JSON")
    assert seen["focus"] == "variables"
    assert seen["wrong_document"] == "GRAPHQL_PARSE_FAILED"
    editing = ["tab-0", "tab-new", "tab-close", "example", "document", "link bad", "variables", "token", "run", "curl"]
    # The document of before was kept, and the link leads to what is wrong in it.
    assert seen["tabs"] == ["brand", "reference", "language", *editing, "fold", "unfold"]
    assert not seen["overflow"]
    assert seen["systems"] == ["SP4N-LAPOR!lapor", "Go-Pay / Trans Jatenggopay"]
