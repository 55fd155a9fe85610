"""An operator confirms in the console that records of two registers are the same matter."""

from __future__ import annotations

from tests.fake_connector import permit
from tests.pages.console.conftest import SCOPES, signed_in, words
from tests.schema.agreement.conftest import Centre, Region, Registers
from tests.schema.agreement.conftest import registered_systems as registered_systems
from tests.schema.agreement.conftest import registers as registers


async def test_a_match_is_confirmed_after_a_preview(registers: Registers) -> None:
    await registers.say(Centre, permit("I-1", authority="CENTRE"))
    await registers.say(Region, permit("R-1", authority="CENTRE"))
    (id_,) = (await registers.ids()).values()
    async with signed_in(registers.stage, "matcher", SCOPES) as browser:
        await browser.get(f"/en/console/agreement/{id_}")
        nothing = await browser.send("confirm_match", record=" ")
        assert (nothing.status_code, 'href="#record"' in nothing.text) == (400, True)
        unknown = await browser.send("confirm_match", record="R-9")
        assert "There is no record R-9 of region." in words(unknown.text)
        await browser.get(f"/en/console/agreement/{id_}")
        preview = await browser.send("confirm_match", record="R-1")
        assert "I-1 at centre and R-1 at region are the same matter." in words(preview.text)
        matched = "select left_id, right_id from matters where key = 'I-1'"
        assert await registers.stage.rows(matched) == [("I-1", None)]
        done = await browser.send("confirm_match", reason="Same owner and place")
        assert "1 of 1 done" in words(done.text)
        assert await registers.stage.rows(matched) == [("I-1", "R-1")]
        assert f'href="/en/console/agreement/{id_}"' in done.text
