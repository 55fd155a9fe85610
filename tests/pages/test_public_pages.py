"""The pages that are the same for everybody: their figures, their languages, and how they are cached."""

from __future__ import annotations

import csv
import gzip
import re
from xml.etree import ElementTree

import httpx
import pytest

from hub.pages.paths import PATHS, path
from hub.pages.rendering import POLICY
from hub.pages.texts import LANGUAGES
from tests.pages.conftest import LAST_MONTH

HTML = {"accept": "text/html"}
CODES = {"agency": "DISHUB", "area": "33.74", "schema_type": "Complaint"}
ADDRESSES = {
    f"{name} {language}": path(name, language, code=CODES.get(name, "")) for name in PATHS for language in LANGUAGES
}
LARGEST = 60_000
"""Bytes of a page, compressed."""


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
async def test_every_page_is_whole_in_its_language(browser: httpx.AsyncClient, address: str) -> None:
    response = await browser.get(address, headers=HTML)
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == POLICY
    language = "en" if address.startswith("/en") else "id"
    assert f'<html lang="{language}">' in response.text
    assert len(re.findall("<h1", response.text)) == 1
    assert re.findall(r"<script|\son\w+=|\sstyle=", response.text) == []
    assert len(gzip.compress(response.content)) <= LARGEST
    for link in {*re.findall(r'(?:href|src|action)="(/[^"#?]*)', response.text)} - {"/graphql"}:
        assert (await browser.get(link, headers=HTML)).status_code == 200, link


async def test_the_overview_says_what_was_answered(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/en")).text
    month = LAST_MONTH.strftime("%B %Y")
    assert f"From {month} to {month}, 13 complaints came in. 69% have been answered, typically within 2.0 days." in page
    assert "Dinas Perhubungan" not in page.split("By area")[0].split("By agency")[1] or "Transportation" in page


async def test_csv_and_json_have_the_figures_of_the_chart(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/en/statuses.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(response.text.splitlines()))
    total = list(csv.DictReader((await browser.get("/en/months.csv")).text.splitlines()))
    assert sum(int(row["received"]) for row in rows) == int(total[0]["received"]) == 13
    assert total[0]["share_in_time"] == "0.6923"
    assert (await browser.get("/en/months.json")).json()[0]["median_days"] == 2.0
    described = (await browser.get("/en/months.csv-metadata.json")).json()
    assert [each["name"] for each in described["tableSchema"]["columns"]] == list(total[0])


async def test_no_page_shows_a_group_under_five(browser: httpx.AsyncClient) -> None:
    """Three complaints to one agency, by one channel: the others are hidden too, for the total would disclose them."""
    for figure in ("agencies", "channels"):
        rows = list(csv.DictReader((await browser.get(f"/{figure}.csv")).text.splitlines()))
        assert [row["received"] for row in rows] == ["", ""], figure
    assert "Terlalu sedikit aduan" in (await browser.get("/instansi/DINSOS")).text


@pytest.mark.parametrize("address", ["/instansi/NONE", "/en/areas/00.00", "/en/none.csv", "/instansi/DISHUB/none.json"])
async def test_what_does_not_exist_is_not_found(browser: httpx.AsyncClient, address: str) -> None:
    assert (await browser.get(address)).status_code == 404


async def test_readers_may_keep_a_page_for_a_minute(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/")
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["vary"] == "Accept-Encoding"
    again = await browser.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_feed_has_the_answers_of_an_agency(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/en/agencies/DISHUB/answers.atom")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.text)
    assert feed.findtext("{*}title") == "Answers of Transport Office"
    assert [each.tag.rpartition("}")[2] for each in feed][:3] == ["id", "title", "updated"]
    assert (await browser.get("/instansi/NONE/answers.atom")).status_code == 404


async def test_the_catalogue_names_every_table(browser: httpx.AsyncClient) -> None:
    catalogue = (await browser.get("/en/data/catalog.jsonld")).json()
    links = [file["@id"] for table in catalogue["dcat:dataset"] for file in table["dcat:distribution"]]
    assert len(links) == len({*links}) > 20
    for link in links:
        assert (await browser.get(httpx.URL(link).path)).status_code == 200, link
