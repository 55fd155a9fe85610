"""Issues in the console, each with its act, and the systems they are about: pulled, run in full, paused and resumed."""

from __future__ import annotations

import re

import pytest

from tests.pages.console.conftest import Browser, words
from tests.schema.harness import Stage


@pytest.fixture(scope="module")
async def browser(shared: Stage, operator: Browser) -> Browser:
    """The fake system is down."""
    await shared.pull()
    down = "update systems set down_since = now() - interval '3 hours', trouble = :error where name = 'fake'"
    await shared.run(down, error="connection refused <9>")
    return operator


async def test_an_issue_says_what_to_do_and_leads_to_its_act(browser: Browser) -> None:
    page = await browser.get("/en/console")
    text = words(page.text)
    assert "1 of them critical" in text or "of them critical" in text
    assert "What to do:" in text
    preview = await browser.send("pull_now")
    assert "is asked now for what changed" in words(preview.text)
    assert "connection refused <9>" in words(preview.text)


async def test_the_badge_counts_the_issues_on_every_page(browser: Browser) -> None:
    today = await browser.get("/en/console")
    count = today.text.partition('class="badge">')[2].partition("<")[0]
    assert int(count) >= 1
    for page in ("systems", "systems/fake", "agreement", "deliveries"):
        assert f'class="badge">{count}<' in (await browser.get(f"/en/console/{page}")).text, page


def badge(html: str) -> int:
    """Return the number of issues beside the page of today."""
    return int("".join(re.findall(r'<span class="badge">(\d+)', html)) or 0)


async def test_the_badge_is_right_after_an_act(browser: Browser) -> None:
    issues = badge((await browser.get("/en/console/systems")).text)
    await browser.send("pause", "fake")
    assert badge((await browser.send("pause")).text) == issues + 1
    await browser.send("resume", "fake")
    assert badge((await browser.send("resume")).text) == issues


async def test_a_system_is_paused_and_resumed(browser: Browser, shared: Stage) -> None:
    page = await browser.get("/en/console/systems")
    assert "0 of 1 system is up and pulled." in words(page.text)
    assert "connection refused <9>" in words(page.text)
    await browser.send("pause", "fake")
    assert await shared.rows("select paused_at is not null from systems where name = 'fake'") == [(False,)]
    done = await browser.send("pause")
    assert "1 system is paused." in words(done.text)
    own = await browser.get("/en/console/systems/fake")
    assert "Paused since" in words(own.text)
    await browser.send("resume")
    assert "1 system is resumed." in words((await browser.send("resume")).text)
    assert "Paused since" not in words((await browser.get("/en/console/systems/fake")).text)


async def test_an_unknown_system_is_not_found(browser: Browser) -> None:
    assert (await browser.get("/en/console/systems/none")).status_code == 404


async def test_one_system_has_its_streams_and_its_lag(browser: Browser, shared: Stage) -> None:
    await shared.run(
        """insert into system_samples (system, at, lag_in, lag_out, records, quarantined, open_deliveries)
        select 'fake', now() - n * interval '1 hour', n * 60, 0, 100, 0, 0 from generate_series(1, 20) n"""
    )
    text = words((await browser.get("/en/console/systems/fake")).text)
    assert "The copy was 20 minutes behind at most" in text
    assert "In Retrying since" in text
