"""Quarantine in the console: grouped by reason, the field that is wrong, and acts on one item or a group."""

from __future__ import annotations

import pytest

from tests.fake_connector import payment
from tests.pages.console.conftest import Browser, words
from tests.schema.harness import Stage

ADDRESS = "/en/console/quarantine"


@pytest.fixture(scope="module")
async def browser(shared: Stage, operator: Browser) -> Browser:
    """Two payments with an unknown status, and one that cannot be read."""
    await shared.records(payment("P1", status="NEW"), payment("P2", status="NEW"), payment("P3", broken=True))
    return operator


async def test_items_are_grouped_by_reason(browser: Browser) -> None:
    text = words((await browser.get(ADDRESS)).text)
    assert "3 items could not be read." in text
    assert text.index("2 items") < text.index("1 item")
    assert text.count("NEW") >= 1


async def test_a_group_leads_to_its_items(browser: Browser) -> None:
    page = await browser.get(ADDRESS)
    first = page.text.partition('href="/en/console/quarantine?group=')[2].partition('"')[0]
    listed = (await browser.get(f"{ADDRESS}?group={first.removesuffix('#all')}")).text
    assert listed.count('class="pick"') == 2


async def test_a_group_is_discarded_after_a_preview(browser: Browser) -> None:
    await browser.get(ADDRESS)
    preview = await browser.send("discard")
    assert "2 items are deleted. This cannot be undone" in words(preview.text)
    assert "3 items could not be read." in words((await browser.client.get(ADDRESS)).text)
    done = await browser.send("discard")
    assert "2 items were discarded." in words(done.text)
    assert "1 item could not be read." in words(done.text)


async def test_what_cannot_be_replayed_says_why(browser: Browser) -> None:
    await browser.get(ADDRESS)
    preview = await browser.send("replay")
    assert "Not possible:" in words(preview.text)
    assert "Replay 1" not in words(preview.text)
