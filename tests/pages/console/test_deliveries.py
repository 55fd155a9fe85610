"""Deliveries in the console: grouped by error, and retried, confirmed and given up, one or many."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from tests.pages.console.conftest import SCOPES, Browser, signed_in, words
from tests.schema.harness import DELIVERED, Stage

ADDRESS = "/en/console/deliveries"


@pytest.fixture(scope="module")
async def waiting(shared: Stage) -> list[str]:
    """Six deliveries, of which three were refused for one reason, and one has an unknown outcome; return their keys."""
    await shared.complaints("ASSIGNED", [{}] * 6)
    await shared.run(DELIVERED)
    keys = [key for (key,) in await shared.rows("select key from deliveries order by key")]
    change = "update deliveries set state = :state, trouble = :error where key = any(:keys)"
    await shared.run(change, state="BLOCKED", error="Unknown agency <DISHUB>", keys=keys[:3])
    await shared.run(change, state="OUTCOME_UNKNOWN", error="no response", keys=keys[3:4])
    await shared.run(change, state="DONE", error=None, keys=keys[4:])
    return keys


@pytest.fixture
async def browser(shared: Stage, waiting: list[str], request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    async with signed_in(shared, request.node.name[-30:], SCOPES) as browser:
        await browser.get(ADDRESS)
        yield browser


async def test_those_that_wait_are_grouped_by_error(browser: Browser) -> None:
    text = words(browser.page.text)
    assert "4 deliveries wait for a person." in text
    assert text.index("Unknown agency <DISHUB>") < text.index("no response")
    assert "3 deliveries : Unknown agency <DISHUB> Retry Give up" in text
    assert "1 delivery : no response Retry Confirm Give up" in text


async def test_the_list_is_filtered_by_state(browser: Browser, waiting: list[str]) -> None:
    page = await browser.get(f"{ADDRESS}?state=DONE")
    listed = page.text.partition('id="all"')[2]
    assert [key in listed for key in waiting] == [False] * 4 + [True] * 2
    assert '<option value="DONE" selected>' in page.text
    assert "There is no such delivery." in words((await browser.get(f"{ADDRESS}?state=SENDING")).text)


async def test_a_form_without_a_row_says_so(browser: Browser) -> None:
    token = re.findall('name="form" value="([^"]*)"', browser.page.text)[0]
    page = await browser.client.post(f"{ADDRESS}?state=BLOCKED", data={"form": token, "act": "confirm"})
    assert page.status_code == 400
    assert '<option value="BLOCKED" selected>' in page.text
    assert '<a href="#rows">Choose at least one row.</a>' in page.text


async def test_many_are_retried_after_a_preview(browser: Browser, shared: Stage, waiting: list[str]) -> None:
    preview = await browser.send("retry")
    assert "3 deliveries will be sent again now." in words(preview.text)
    states = "select state from deliveries where key = any(:keys)"
    assert await shared.rows(states, keys=waiting[:3]) == [("BLOCKED",)] * 3
    done = await browser.send("retry")
    assert "3 deliveries are sent again." in words(done.text)
    assert await shared.rows(states, keys=waiting[:3]) == [("WAITING",)] * 3
    (actor,) = {row[0] for row in await shared.rows("select actor from delivery_attempts where outcome = 'RETRIED'")}
    assert actor.startswith("u_")


async def test_what_is_refused_is_named_beside_its_row(browser: Browser, waiting: list[str]) -> None:
    picked = f"{waiting[3]} {waiting[4]}"
    await browser.send("retry", picked=picked, group="")
    page = await browser.send("retry", picked=picked, group="")
    assert "1 of 2 done" in words(page.text)
    assert f"{waiting[4]} " in words(page.text)
    assert "Not possible:" in words(page.text)


async def test_the_preview_says_what_would_be_refused(browser: Browser, waiting: list[str]) -> None:
    preview = await browser.send("confirm", *waiting[:2])
    assert words(preview.text).count("Not possible:") == 2
    assert "Confirm 2" not in words(preview.text)


async def test_a_number_for_several_is_refused_beside_its_field(browser: Browser, waiting: list[str]) -> None:
    await browser.send("confirm", waiting[0])
    page = await browser.send("confirm", picked=" ".join(waiting[:2]), external_id="12345")
    assert page.status_code == 400
    assert "State the number for one delivery at a time." in words(page.text)


async def test_what_the_graph_misses_is_shown_beside_its_field(browser: Browser, waiting: list[str]) -> None:
    await browser.send("confirm", waiting[0])
    page = await browser.send("confirm")
    assert page.status_code == 400
    assert re.findall(r'<a href="#external_id">([^<]+)', page.text) != []
    done = await browser.send("confirm", external_id="4480001")
    assert "1 delivery counts as arrived." in words(done.text)
