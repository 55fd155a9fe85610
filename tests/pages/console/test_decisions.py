"""The decisions of the complaint desk in the console: conflicts of fields, and claims of reports."""

from __future__ import annotations

import re

from tests.fake_connector import report
from tests.pages.console.conftest import SCOPES, signed_in, words
from tests.schema.harness import DISPUTED, SHARES, Stage

ADDRESS = "/en/console/decisions"
CLAIMED = "insert into claims select 'fake', ticket, id, 'TAG', now() from complaints where ticket = :ticket"


async def test_the_desk_decides_conflicts_and_claims(shared: Stage) -> None:
    first, second = await shared.complaints("ASSIGNED", [{"agency_code": "DISHUB"}] * 2)
    await shared.run(SHARES)
    await shared.run(DISPUTED)
    await shared.pull(report(first))
    await shared.run(CLAIMED, ticket=first)
    async with signed_in(shared, "desk", (*SCOPES, "complaints:verify")) as browser:
        text = words((await browser.get(ADDRESS)).text)
        assert "3 complaints wait for a decision." in text
        rows = re.findall(r'name="pick\.([^"]+)"', browser.page.text)
        (disputed,) = [each for each in rows if each.startswith(f"{second}/fake")]
        preview = await browser.send("accept_value", disputed)
        assert "DISHUB becomes DINKES" in words(preview.text)
        assert "1 value was accepted." in words((await browser.send("accept_value")).text)
        agencies = "select agency_code from complaints where ticket = :ticket"
        assert await shared.rows(agencies, ticket=second) == [("DINKES",)]
        (claim,) = [each for each in rows if each.startswith(first) and not each.startswith(f"{first}/fake/")]
        await browser.send("confirm_claim", claim)
        assert "1 report was linked." in words((await browser.send("confirm_claim")).text)
        again = await browser.client.get(ADDRESS)
        assert "No report waits for a decision." in words(again.text)


async def test_who_may_not_decide_is_told_the_right(shared: Stage) -> None:
    async with signed_in(shared, "bystander", ("hub:operate",)) as browser:
        text = words((await browser.get(ADDRESS)).text)
        assert "Needs the right complaints:assign." in text
