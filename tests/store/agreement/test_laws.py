"""What is stored of a matter depends on what both sides hold, and not on how the hub came to know it."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract import Raw
from hub.store.agreement.registers import pairs_of
from hub.store.agreement.rehearsal import rehearse
from tests.registers import T0, Both, Centre, Region, at, permit

FACTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["VERIFICATION", "ISSUED", "WARNED", "REVOKED", "58"]),
        "authority": st.sampled_from([None, "CENTRE", "REGENCY"]),
        "scale": st.sampled_from([None, "SMALL", "LARGE"]),
    }
)
WRITES = st.lists(st.tuples(st.sampled_from([Centre, Region]), FACTS), min_size=1, max_size=5)
NUMBERS = count()
STORED = """select m.state, m.cause in ('UNKNOWN_CODE', 'MATCH_UNSURE'), m.decider,
        array(select d.field || ' ' || coalesce(d.left_value, '-') || ' ' || coalesce(d.right_value, '-') || ' ' ||
              coalesce(d.decider, '-') from differences d where d.matter_id = m.id order by 1)
    from matters m where key = :key or right_id = :right order by m.id"""

Write = tuple[Any, Raw]


def versions(name: str, writes: list[tuple[Any, dict[str, Any]]], *, knows: bool) -> list[Write]:
    """Return the versions of one permit, in order; the region ``knows`` the number of the centre, or not."""
    found = []
    for number, (side, facts) in enumerate(writes):
        number_known = side is Centre or knows
        id_ = name if side is Centre else f"r-{name}"
        raw = permit(id_, name if number_known else None, project_id=f"R-{name}", since=at(number), changed=at(number))
        found.append((side, raw | facts))
    return found


async def stored(both: Both, name: str, writes: list[Write]) -> list[Any]:
    """Write the versions as they come; return what is stored of the permit then."""
    for side, raw in writes:
        await both.bring(side, raw)
    return await both.rows(STORED, key=name, right=f"r-{name}")


@pytest.mark.whole
@given(WRITES, st.booleans(), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_writes_leaves_the_same(
    both: Both, writes: list[tuple[Any, dict[str, Any]]], knows: bool, data: st.DataObject
) -> None:
    one, other = f"I-{next(NUMBERS)}", f"I-{next(NUMBERS)}"
    order = data.draw(st.permutations([*range(len(writes)), *range(len(writes))]))
    in_order, mixed = (versions(name, writes, knows=knows) for name in (one, other))
    assert await stored(both, one, in_order) == await stored(both, other, [mixed[place] for place in order])
    async with both.database.read() as db:
        (pair,) = await pairs_of(db)
        assert [each async for each in rehearse(db, pair, T0)] == [], "a replay gives what was recorded"


async def test_an_authority_that_changes_turns_the_decision(both: Both) -> None:
    """What was to be sent to the region is withdrawn, and the centre is sent what the region has."""
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE"))
    await both.bring(Region, permit("7", "I-1", authority="CENTRE", status="INSPECTION"))
    await both.bring(Centre, permit("I-1", "I-1", authority="CENTRE", status="APPROVAL", since=at(1), changed=at(1)))
    decisions = "select system, state from decisions where state in ('WAITING', 'SENDING')"
    assert await both.rows(decisions) == [("region", "WAITING")]
    regional = {"authority": "REGENCY", "status": "APPROVAL", "since": at(1), "changed": at(2)}
    await both.bring(Centre, permit("I-1", "I-1", **regional))
    assert await both.rows(decisions) == [("centre", "WAITING")]
    assert (await both.fields("I-1"))["status"][:2] == ("APPROVAL", "INSPECTION")
    await both.deliver(Centre)
    await both.bring(Region, permit("7", "I-1", authority="REGENCY", status="INSPECTION", changed=at(3)))
    assert await both.states() == {"I-1": ("AGREED", None)}
    assert both.centre.items["I-1"]["status"] == "INSPECTION"
    assert [each.record.status for each in both.region.told] == []
