"""The pages for people, as they are served; ``test_pages_in_browser.py`` uses them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import pytest
from graphql import parse
from starlette.applications import Starlette

from hub.api import pages
from hub.api.pages import STATIC, System
from hub.api.query_page import EXAMPLES, Example
from tests.api.graph_app import client_of

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


AT = datetime(2026, 2, 3, 17, 0, 0, 123456, UTC)


async def systems() -> Sequence[System]:
    return [
        {"name": "lapor", "title": "SP4N-LAPOR!", "state": "UP", "asOf": AT, "records": 6000},
        {"name": "x", "title": "<script>alert(1)</script>", "state": "DOWN", "quarantined": 0},
    ]


async def test_a_browser_gets_the_page_and_a_client_the_answer(hub: httpx.AsyncClient) -> None:
    html = await hub.get("/graphql", headers=BROWSER)
    assert html.headers["content-type"].startswith("text/html")
    assert html.headers["cache-control"] == "no-store"
    assert 'value="demo-token"' in html.text
    answer = await hub.get("/graphql", params={"query": "{ echo }"}, headers=BROWSER)
    assert answer.json()["data"] == {"echo": 1}
    posted = await hub.post("/graphql", json={"query": "{ echo }"}, headers=BROWSER)
    assert posted.json()["data"] == {"echo": 1}


async def test_without_scripts_the_page_says_what_to_do(hub: httpx.AsyncClient) -> None:
    html = (await hub.get("/graphql?x=%3Cb%3E", headers=BROWSER)).text
    (without,) = re.findall(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    assert f"curl '{hub.base_url}/graphql'" in without.replace("&#x27;", "'")
    assert '"Authorization: Bearer $TOKEN"' in without
    assert 'href="/skema"' in without
    assert "<b>" not in html


async def test_a_page_loads_no_script_of_another_version(hub: httpx.AsyncClient) -> None:
    script = await hub.get("/static/query/main.js")
    assert (script.headers["cache-control"], script.headers["content-encoding"]) == ("no-cache", "gzip")
    again = await hub.get("/static/query/main.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304


async def test_pages_load_nothing_external_and_no_inline_script() -> None:
    app = Starlette(routes=[pages.home_route(systems), *pages.routes()])
    async with client_of(app) as client:
        for name in ("query.html", "home.html", "missing.html"):
            html = (STATIC / name).read_text()
            assert "//" not in html
            assert re.findall(r"<script(?![^>]*(?:src=|application/json))|\son\w+=|style=", html) == []
            for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', html):
                assert (await client.get(asset)).status_code == 200
        assert (await client.get("/graphiql")).status_code == 404
    assert "https" not in pages.OWN_POLICY
    assert "unsafe" not in pages.OWN_POLICY


async def test_the_start_page_shows_each_system_as_text() -> None:
    async with client_of(Starlette(routes=[pages.home_route(systems, ide=True)])) as client:
        response = await client.get("/")
    assert response.headers["content-security-policy"] == pages.OWN_POLICY
    assert 'data-state="UP">UP<' in response.text
    at = '<time datetime="2026-02-04T00:00:00+07:00">2026-02-04 00:00:00 WIB</time>'
    assert f"<td>6000</td><td>–</td><td>{at}</td><td>–</td>" in response.text
    assert "<td>–</td><td>0</td><td>–</td><td>–</td>" in response.text
    assert "&lt;script&gt;alert(1)" in response.text
    assert 'href="/graphiql"' in response.text


async def test_graphiql_uses_the_endpoint_next_to_it() -> None:
    async with client_of(Starlette(routes=pages.routes(graphiql=True))) as client:
        response = await client.get("/graphiql")
    assert 'const fetchURL = new URL("/graphql", window.location.href).href;' in response.text
    assert "connect-src 'self'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.title_en)
def test_each_example_is_a_document_with_its_variables(example: Example) -> None:
    (operation,) = parse(example.query).definitions
    named = set(re.findall(r"\$(\w+):", example.query))
    variables = set(re.findall(r'"(\w+)":', example.variables))
    assert variables <= named
    assert example.title_id != example.title_en
    assert operation.kind == "operation_definition"


def test_every_text_is_in_both_languages() -> None:
    for name in ("query.html", "home.html", "missing.html"):
        html = (STATIC / name).read_text()
        texts = re.findall(r'data-id="([^"]+)" data-en="([^"]+)">([^<]*)<', html)
        assert len(texts) == html.count("data-id=") == html.count("data-en=")
        assert all(indonesian == shown for indonesian, _, shown in texts)


@pytest.mark.parametrize(("accepted", "lang", "shown"), [("en-GB,id;q=0.5", "en", "Readiness"), ("", "id", "Kesiapan")])
async def test_the_start_page_is_in_the_language_of_the_browser(accepted: str, lang: str, shown: str) -> None:
    async with client_of(Starlette(routes=[pages.home_route(systems)])) as client:
        response = await client.get("/", headers={"accept-language": accepted})
    assert f'<html lang="{lang}">' in response.text
    assert f">{shown}<" in response.text
    assert "Accept-Language" in response.headers["vary"]


async def test_the_start_page_links_no_page_that_is_off() -> None:
    async with client_of(Starlette(routes=[pages.home_route(systems)])) as client:
        response = await client.get("/")
    assert re.findall(r'<a href="(/\w+)"', response.text) == ["/readyz", "/metrics"]


async def test_a_missing_page_is_html_for_browsers_and_json_otherwise(hub: httpx.AsyncClient) -> None:
    shown = await hub.get("/<b>nowhere", headers={**BROWSER, "accept-language": "en"})
    assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Page not found" in shown.text
    assert "nowhere" not in shown.text
    response = await hub.get("/nowhere", headers={"accept": "application/json"})
    assert response.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    posted = await hub.post("/nowhere", headers=BROWSER)
    assert posted.status_code == 404
    assert posted.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
