"""The state of a matter is kept by the writes to either side, whatever their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from hub.agreement.enums import Side
from hub.store.agreement.registers import SystemPair, pairs_of
from hub.store.agreement.rehearsal import rehearse
from hub.sync.inquiries import InquiryRun
from hub.sync.pull import Pull
from hub.sync.removal_detection import RemovalRules
from tests.registers import SEAL, T0, Both, Centre, Region, at, permit


async def pull_all(both: Both) -> None:
    """Pull all records of the region; those that it does not list any more are gone."""
    async with both.connected(Region) as connector:
        rules = RemovalRules(direct=timedelta())
        assert (await Pull(both.database, connector, SEAL, rules).run(full=True)).outcome == "DONE"


async def test_equal_permits_agree_without_history(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"))
    assert await both.states() == {"I-1": ("AGREED", None)}
    assert await both.rows("select * from decisions") == []


async def test_a_permit_of_one_side_is_one_sided(both: Both) -> None:
    await both.bring(Region, permit("7", "I-1"), permit("8"))
    assert await both.states() == {"I-1": ("ONE_SIDED", "NOT_TOLD"), "right:8": ("ONE_SIDED", "NOT_TOLD")}


async def test_a_decision_of_the_region_is_told_to_the_centre(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"))
    issued = {"status": "ISSUED", "number": "503/1", "issued_on": "2026-11-02", "since": at(5), "changed": at(5)}
    await both.bring(Region, permit("7", "I-1", **issued))
    assert await both.states() == {"I-1": ("DIFFERS", "NOT_TOLD")}
    assert await both.fields("I-1") == {
        "status": ("VERIFICATION", "ISSUED", "NOT_TOLD"),
        "number": (None, "503/1", "NOT_TOLD"),
        "issued_on": (None, "2026-11-02", "NOT_TOLD"),
    }
    assert await both.rows("select system, state from decisions") == [("centre", "WAITING")]
    latest = await both.rows("select max(occurred_at) from records")
    assert await both.rows("select since from matters") == latest
    assert await both.deliver(Centre) == {"DONE": 1}
    assert await both.states() == {"I-1": ("AGREED", None)}
    assert both.centre.items["I-1"]["number"] == "503/1"
    assert [state for (state,) in await both.rows("select state from agreement_events order by id")] == [
        "ONE_SIDED",
        "AGREED",
        "DIFFERS",
        "AGREED",
    ]


async def test_values_of_a_business_are_the_centres(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1", scale="MEDIUM", kbli="6414201"))
    await both.bring(Region, permit("7", "I-1", scale="SMALL", kbli="64142"))
    assert await both.fields("I-1") == {"scale": ("MEDIUM", "SMALL", "NOT_TOLD")}
    assert await both.rows("select decider, next_step from differences") == [("LEFT", "PERSON")]
    assert await both.rows("select * from decisions where decision <> 'CREATE'") == []


async def test_unknown_codes_leave_the_state_unknown(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1", status="58"))
    await both.bring(Region, permit("7", "I-1"))
    assert await both.states() == {"I-1": ("UNKNOWN", "UNKNOWN_CODE")}


async def test_permits_without_the_key_match_by_their_facts(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"), permit("I-2", "I-2", project_id="R-2"))
    await both.bring(Region, permit("7"))
    assert await both.states() == {"I-1": ("AGREED", None), "I-2": ("ONE_SIDED", "NOT_TOLD")}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_several_matches_wait_for_a_person(both: Both, order: tuple[int, ...]) -> None:
    writes = [(Centre, permit("I-1", "I-1")), (Centre, permit("I-2", "I-2")), (Region, permit("7"))]
    for number in order:
        side, raw = writes[number]
        await both.bring(side, raw)
    unsure = ("UNKNOWN", "MATCH_UNSURE")
    assert await both.states() == {"I-1": unsure, "I-2": unsure, "right:7": unsure}
    assert await both.rows("select * from decisions where state <> 'WAITING'") == []
    assert await both.rows("select * from decisions") == []


async def test_two_rows_with_one_key_wait_for_a_person(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"), permit("8", "I-1"))
    assert await both.states() == {"I-1": ("UNKNOWN", "MATCH_UNSURE")}


async def remove(both: Both, *ids: str) -> None:
    """Let the region list some of its records no more."""
    for each in range(50, 70):
        both.region.put(permit(str(each), f"I-{each}", project_id=f"R-{each}"))
    for id_ in ids:
        del both.region.items[id_]
    await pull_all(both)


async def test_a_match_is_sure_once_the_second_row_is_gone(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"), permit("8", "I-1"))
    await remove(both)
    assert (await both.states())["I-1"] == ("UNKNOWN", "MATCH_UNSURE")
    await remove(both, "8")
    assert (await both.states())["I-1"] == ("AGREED", None)


async def test_a_match_is_sure_once_the_second_row_is_corrected(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"), permit("8", "I-1"))
    await both.bring(Region, permit("8", "I-2", project_id="R-2", changed=at(1)))
    assert await both.states() == {"I-1": ("AGREED", None), "I-2": ("ONE_SIDED", "NOT_TOLD")}


@pytest.mark.parametrize("over", [{"permit_id": "I-2"}, {"nib": "3399000000002"}, {"project_id": "R-2"}])
async def test_facts_match_once_the_second_row_has_others(both: Both, over: dict[str, str]) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7"), permit("8"))
    assert (await both.states())["I-1"] == ("UNKNOWN", "MATCH_UNSURE")
    await both.bring(Region, permit("8") | over | {"changed": at(1)})
    states = await both.states()
    assert states["I-1"] == ("AGREED", None)
    assert "right:7" not in states


async def test_permits_that_no_row_may_match_are_one_sided(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"), permit("I-2", "I-2"), permit("I-3", "I-3", nib="3399000000002"))
    await both.bring(Region, permit("7"), permit("9", "I-3"))
    assert (await both.states())["I-2"] == ("UNKNOWN", "MATCH_UNSURE")
    await remove(both, "7")
    states = await both.states()
    assert [states[key] for key in ("I-1", "I-2", "I-3")] == [*[("ONE_SIDED", "NOT_TOLD")] * 2, ("AGREED", None)]


async def test_facts_match_once_the_second_row_is_gone(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7"), permit("8"))
    await remove(both, "8")
    assert (await both.states())["I-1"] == ("AGREED", None)


async def test_a_record_that_gets_the_key_leaves_no_second_matter(both: Both) -> None:
    await both.bring(Region, permit("7", type_code="1"))
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1", changed=at(1)))
    assert await both.states() == {"I-1": ("AGREED", None)}


async def test_nothing_is_written_for_a_matter_that_did_not_change(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"))
    before = await both.rows("select xmin, ctid from matters")
    await both.bring(Region, permit("7", "I-1", office="Lain", changed=at(9)))
    assert await both.rows("select xmin, ctid from matters") == before


async def test_a_permit_that_is_gone_from_one_side_is_one_sided(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"))
    await both.bring(Region, permit("7", "I-1"), *(permit(str(each), f"I-{each}") for each in range(20, 40)))
    del both.region.items["7"]
    await pull_all(both)
    assert (await both.states())["I-1"] == ("ONE_SIDED", "NOT_TOLD")


async def test_a_register_that_lists_nothing_is_asked(both: Both) -> None:
    await both.run("update systems set register = jsonb_set(register, '{lists_all}', 'false') where name = 'centre'")
    await both.bring(Region, permit("7", "I-1"), permit("8"))
    assert await both.rows("select key, next_step from matters order by key") == [("I-1", "READ"), ("right:8", "READ")]
    assert await both.rows("select system, reference from inquiries") == [("centre", "I-1")]
    both.centre.put(permit("I-1", "I-1"))
    async with both.connected(Centre) as connector:
        assert await InquiryRun(both.database, connector, SEAL).run() == (1, 0)
    assert (await both.states())["I-1"] == ("AGREED", None)
    assert await both.rows("select seconds from agreement_events where state = 'AGREED'") == [(None,)]


async def agree_by_a_loss(both: Both) -> None:
    """Bring two permits that agree, one of them because the region has no code for the centre's status."""
    await both.bring(Centre, permit("I-1", "I-1", status="WARNED"), permit("I-2", "I-2", project_id="R-2"))
    await both.bring(Region, permit("7", "I-1", status="ISSUED"), permit("8", "I-2", project_id="R-2"))


def without_losses(pair: SystemPair) -> SystemPair:
    """Return the pair with a region that has a code for every status of the centre."""
    region = replace(pair.registers[Side.RIGHT], shows=pair.registers[Side.LEFT].shows)
    return replace(pair, registers={**pair.registers, Side.RIGHT: region})


async def test_a_rehearsal_tells_what_would_come_out_differently(both: Both) -> None:
    await agree_by_a_loss(both)
    assert (await both.states())["I-1"] == ("AGREED", None)
    async with both.database.read() as db:
        (pair,) = await pairs_of(db)
        assert [each async for each in rehearse(db, pair, T0)] == []
        other = without_losses(pair)
        (found,) = [each async for each in rehearse(db, other, T0)]
    assert (found.key, found.stored, found.rehearsed, found.rehearsed_fields) == (
        "I-1",
        "AGREED",
        "DIFFERS",
        ("status",),
    )
    assert (await both.states())["I-1"] == ("AGREED", None)


async def test_a_rehearsal_follows_records_that_went_and_came(both: Both) -> None:
    await both.bring(Centre, permit("I-1", "I-1"), permit("I-2", "I-2", project_id="R-2"))
    others = [permit(str(each), f"I-{each}") for each in range(20, 40)]
    await both.bring(Region, permit("7", "I-1"), permit("8", "I-2", project_id="R-2"), *others)
    for kept in ((), ("7",)):
        both.region.items = {each["id"]: each for each in others}
        both.region.items |= {each: permit(each, "I-1") for each in kept}
        await pull_all(both)
    states = await both.states()
    assert (states["I-1"], states["I-2"]) == (("AGREED", None), ("ONE_SIDED", "NOT_TOLD"))
    async with both.database.read() as db:
        (pair,) = await pairs_of(db)
        assert [each async for each in rehearse(db, pair, T0)] == []


async def test_a_rehearsal_tells_what_would_have_come_out_differently(both: Both) -> None:
    await agree_by_a_loss(both)
    await both.bring(Centre, permit("I-1", "I-1", status="ISSUED", since=at(5), changed=at(5)))
    await both.bring(Centre, permit("I-2", "I-2", project_id="R-2", scale="LARGE", changed=at(5)))
    await both.bring(Centre, permit("I-2", "I-2", project_id="R-2", changed=at(6)))
    (changed,) = await both.rows("select recorded_at from changes where system = 'region' and subject = '7'")
    async with both.database.read() as db:
        (pair,) = await pairs_of(db)
        assert [each async for each in rehearse(db, pair, T0)] == []
        other = without_losses(pair)
        (found,) = [each async for each in rehearse(db, other, T0)]
        assert [each async for each in rehearse(db, other, changed[0] + timedelta(days=1))] == []
    assert (found.key, found.stored, found.rehearsed, found.at) == ("I-1", "AGREED", "DIFFERS", changed[0])
