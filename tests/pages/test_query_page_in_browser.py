"""The query page over the whole graph: its modules beside graphql-js, and used in headless Chromium."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.api.pages import STATIC
from hub.app import build
from hub.pages.graph import DOCUMENTS
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import install, needs_node, patient, run
from tests.schema.harness import Stage
from tests.serving import serve

pytestmark = [pytest.mark.outside, needs_node, patient]

LARGEST = 60_000
"""Bytes of the page with all that it loads, as they are sent."""


async def test_its_modules_judge_as_graphql_js_does(browser: httpx.AsyncClient, tmp_path: Path) -> None:
    await install()
    files = [each for folder in (STATIC / "examples", DOCUMENTS) for each in sorted(folder.rglob("*.graphql"))]
    cases = {
        "types": (await browser.get("/schema.json")).json(),
        "sdl": (await browser.get("/schema.graphql")).text,
        "documents": [each.read_text(encoding="utf-8") for each in files],
    }
    assert len(files) > 40
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    await run("node", "query_modules.mjs", str(tmp_path / "cases.json"))


@needs_chromium
async def test_a_developer_works_with_the_query_page(shared: Stage, tmp_path: Path) -> None:
    await install()
    pictures = [os.environ["HUB_TEST_PICTURES"]] if "HUB_TEST_PICTURES" in os.environ else []
    async with serve(build(shared.settings), lifespan="on") as url:
        arguments = (url, CHROMIUM, str(tmp_path / "profile"), *pictures)
        seen = json.loads(await run("node", "query.mjs", *arguments, seconds=200))
    assert (seen["violations"], seen["overflows"], seen["complaints"]) == ([], [], [])
    assert seen["hosts"] == [url.removeprefix("http://")]
    assert seen["bytes"] < LARGEST
    _check_typing(seen)
    _check_answer(seen)
    assert seen["curl_signed_in"].startswith(f"curl '{url}/graphql' \\\n")
    assert '--header "Authorization: Bearer $TOKEN"' in seen["curl_signed_in"]
    assert "hub-secret-token" not in seen["curl_signed_in"] + seen["stored"] + seen["kept"]
    assert "Authorization" not in seen["curl"]
    _check_schema(seen)
    _check_kept(seen)
    assert f"curl '{url}/graphql'" in seen["without_script"]
    assert "Jalankan" not in seen["without_script"]


def _check_typing(seen: dict[str, Any]) -> None:
    assert seen["problems_at_first"] == []
    assert seen["in_sight"] == [True, True]
    assert seen["fields"][0] == "complaintsComplaintConnection"
    assert {"first", "filter", "orderBy"} <= {*seen["arguments"]}
    assert (seen["variables"], seen["values"][:2], seen["closed"]) == (["n"], ["RECEIVED", "VERIFIED"], True)
    assert seen["last"] == seen["values"][-1]
    assert seen["unknown"] == ["1:104 Complaint has no field titel."]
    assert (seen["underlined"], seen["invalid"], seen["selected"]) == (["titel"], "true", "titel")
    assert seen["mended"]
    assert seen["here"].startswith("Complaint.title: String — The complaint's title.")


def _check_answer(seen: dict[str, Any]) -> None:
    # Tab leads out of the editor.
    assert seen["left"] != "document"
    assert seen["status"].startswith("HTTP 200 · ")
    assert seen["answer"]["data"]["complaints"]["edges"] == []
    assert (seen["open"], seen["walked"], seen["folded"]) == (1, '"complaints": {', 0)
    assert seen["phone"]


def _check_schema(seen: dict[str, Any]) -> None:
    assert seen["searched"][0] == "Complaint"
    assert {"needs complaints:pii", "needs complaints:read + reports:read"} <= {*seen["needs"]}
    assert (seen["opened"], seen["inserted"]) == ("Agency", "systems")


def _check_kept(seen: dict[str, Any]) -> None:
    assert (seen["tabs"], seen["history"]) == (["Mine", "systems"], ["Mine"])
    assert seen["by_arrow"] == "{ systems { name } }"
    values = r"{\\\"n\\\": 2}"
    assert [values in seen[name] for name in ("stored", "kept", "forgotten")] == [False, True, False]
    assert (seen["tabs_again"], seen["reopened"]) == (["Mine", "systems"], 3)
    assert (seen["history_after"], seen["tabs_after"]) == ([], 1)
