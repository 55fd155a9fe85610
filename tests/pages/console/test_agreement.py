"""Agreement in the console: totals, disagreements by filter, one matter, and what resolves one or all of a filter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hub.store.agreement import days
from tests.fake_connector import permit
from tests.pages.console.conftest import Browser, words
from tests.schema.harness import CAUSE, MATTERS, Stage

ADDRESS = "/en/console/agreement"


@pytest.fixture(scope="module")
async def browser(shared: Stage, operator: Browser) -> Browser:
    """Two permits on whose status two systems do not agree."""
    await shared.pull(permit("I-1"), permit("I-2"))
    await shared.run(MATTERS)
    return operator


async def test_disagreements_are_counted_and_listed(browser: Browser) -> None:
    text = words((await browser.get(ADDRESS)).text)
    assert "0% of 2 matters agree. The oldest difference began on 3 January 2026." in text
    assert "I-1 / R-I-1" in text
    assert "ISSUED ≠ VERIFICATION" in text
    assert "2 of 2 shown" in text


async def test_the_share_of_each_day_is_a_figure(browser: Browser, shared: Stage) -> None:
    assert "agreed on" not in words((await browser.get(ADDRESS)).text), "nothing was recorded yet"
    async with shared.database.write(CAUSE) as db:
        await days.record(db)
    await shared.run("update agreement_days set day = '2026-11-30'")
    assert "0% of all matters agreed on 30 November 2026" in words((await browser.get(ADDRESS)).text)
    table = (await browser.get(f"{ADDRESS}/shares.csv")).text.splitlines()
    assert table[0] == "day,pair,field,matters,agreed,share_agreed"
    assert [line.rpartition("2026-11-30,")[2].split(",", 1)[1] for line in table[1:]] == [",2,0,0.0", "Status,2,0,0.0"]


async def test_each_figure_is_also_csv(browser: Browser) -> None:
    page = await browser.get(ADDRESS)
    found = re.findall(rf'href="({ADDRESS}/[a-z]+\.csv)"', page.text)
    assert len(found) >= 4
    for address in found:
        csv = await browser.get(address)
        assert (csv.status_code, csv.headers["content-type"]) == (200, "text/csv; charset=utf-8; header=present")
        assert csv.headers["cache-control"] == "no-store"
    pairs = (await browser.get(f"{ADDRESS}/pairs.csv")).text.splitlines()
    assert pairs[0] == "group,matters,agreed,share_agreed,median_seconds"
    assert pairs[1].split(",")[1:3] == ["2", "0"]
    assert (await browser.get(f"{ADDRESS}/unknown.csv")).status_code == 404
    cookies, browser.client.cookies = browser.client.cookies, httpx.Cookies()
    assert (await browser.get(found[0])).headers["location"].startswith("/oauth/login?")
    browser.client.cookies = cookies


async def test_a_filter_selects_by_cause(browser: Browser) -> None:
    assert "No disagreement matches." in words((await browser.get(f"{ADDRESS}?cause=CONFLICT")).text)
    assert "All 2 that the filter selects" in words((await browser.get(f"{ADDRESS}?cause=NOT_TAKEN")).text)
    assert "2 of 2 shown" in words((await browser.get(f"{ADDRESS}?cause=unknown")).text)


async def test_one_matter_has_both_sides_beside_each_other(browser: Browser) -> None:
    page = await browser.get(ADDRESS)
    page = await browser.get(re.findall(rf'href="({ADDRESS}/[^"]+)"', page.text)[0])
    text = words(page.text)
    assert text.index("ISSUED") < text.index("VERIFICATION") < text.index("History")
    assert "TELL_AGAIN" in text
    assert (await browser.get(f"{ADDRESS}/unknown")).status_code == 404


async def test_a_reason_is_required_beside_its_field(browser: Browser) -> None:
    page = await browser.get(ADDRESS)
    picked = re.findall(r'name="pick\.([^"]+)"', page.text)[0]
    preview = await browser.send("ignore", picked)
    assert "1 matter leaves the list" in words(preview.text)
    refused = await browser.send("ignore", reason="", until="2026-12-31")
    assert refused.status_code == 400
    assert 'href="#reason"' in refused.text
    assert 'value="2026-12-31"' in refused.text


async def test_all_of_a_filter_are_ignored_after_a_preview(browser: Browser, shared: Stage) -> None:
    await browser.get(f"{ADDRESS}?cause=NOT_TAKEN")
    preview = await browser.send("ignore", group="filter")
    assert "2 matters leave the list" in words(preview.text)
    assert await shared.rows("select count(*) from matters where ignored_until is not null") == [(0,)]
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    done = await browser.send("ignore", reason="Being corrected", until=until)
    assert "2 matters are ignored for now." in words(done.text)
    assert "No disagreement matches." in words(done.text)
    assert "2 of 2 shown" in words((await browser.get(f"{ADDRESS}?ignored=yes")).text)
