"""Agreement by day: the worker records the present state as today's, and operators read it."""

from __future__ import annotations

from typing import Any

from hub.store.agreement import days
from tests.fake_connector import permit
from tests.schema.agreement.conftest import Region, Registers
from tests.schema.agreement.test_totals import counted as counted
from tests.schema.harness import CAUSE, OFFICER
from tests.schema.operations.test_issues import OPERATOR

QUERY = """query($days: Int! = 90) {agreementDays(days: $days) {
    day pair pairLabel field fieldLabel matters agreed shareAgreed}}"""


async def record(registers: Registers) -> None:
    async with registers.stage.database.write(CAUSE) as db:
        await days.record(db)


async def shown(registers: Registers, **given: Any) -> list[tuple[Any, ...]]:
    answer = await registers.stage.ask(OPERATOR, QUERY, language="en", **given)
    assert answer.errors == []
    found = answer.data["agreementDays"]
    assert all(each["pairLabel"] and (each["fieldLabel"] is None) == (each["field"] is None) for each in found)
    return [(each["field"], each["matters"], each["agreed"], round(each["shareAgreed"], 3)) for each in found]


async def test_today_is_recorded_again_and_earlier_days_stay(counted: Registers) -> None:
    await record(counted)
    assert await shown(counted) == [(None, 8, 5, 0.625), ("status", 8, 5, 0.625)]
    await counted.stage.run("update agreement_days set day = day - 1")
    await counted.say(Region, permit("I-0", authority="CENTRE", status="ISSUED", version=2, agency="DISHUB"))
    for _ in range(2):
        await record(counted)
    assert await shown(counted) == [
        *((None, 8, 5, 0.625), ("status", 8, 5, 0.625)),
        *((None, 8, 6, 0.75), ("status", 8, 6, 0.75)),
    ]
    assert len(await shown(counted, days=1)) == 2


async def test_days_that_are_too_old_are_deleted(counted: Registers) -> None:
    await record(counted)
    await counted.stage.run(f"update agreement_days set day = day - {days.KEPT_DAYS + 1}")
    await record(counted)
    assert await counted.stage.rows("select count(distinct day) from agreement_days") == [(1,)]


async def test_others_get_none_and_days_are_limited(counted: Registers) -> None:
    refused = await counted.stage.ask(OFFICER, QUERY)
    assert (refused.data, refused.errors[0]["extensions"]["scope"]) == ({"agreementDays": None}, "hub:operate")
    for wrong in (0, days.KEPT_DAYS + 1):
        (error,) = (await counted.stage.ask(OPERATOR, QUERY, days=wrong)).errors
        assert error["extensions"]["code"] == "BAD_INPUT"
