"""What the graph says about a permit that two registers have."""

from __future__ import annotations

from dataclasses import replace

from tests.fake_connector import permit
from tests.schema.agreement.conftest import Centre, Region, Registers
from tests.schema.harness import ANONYMOUS, OFFICER

PERMITS = """{permits {nodes {permitId system {name} agreement {
    pair state stateLabel(language: EN) since cause nextStep nextAt decidedBy ignoredUntil agencyCode areaCode
    sides {system externalId nodeId}
    differences {field label(language: EN) values {system value at} decidedBy cause since nextStep}
    history {state cause fields seconds}}}}}"""


async def test_both_sides_of_a_permit_show_what_differs(registers: Registers) -> None:
    await registers.differ("I-1")
    rows = (await registers.got(PERMITS))["permits"]["nodes"]
    assert [row["system"]["name"] for row in rows] == ["centre", "region"]
    first, second = (row["agreement"] for row in rows)
    assert first == second
    assert (first["pair"], first["state"], first["stateLabel"]) == ("permit", "PENDING", "Pending")
    assert (first["cause"], first["nextStep"], first["decidedBy"]) == ("NOT_TOLD", "DELIVERY", "centre")
    assert first["nextAt"]
    assert first["ignoredUntil"] is None
    assert first["since"].startswith("2026-01-03T00:00:00")
    assert [(side["system"], side["externalId"]) for side in first["sides"]] == [("centre", "I-1"), ("region", "I-1")]
    (difference,) = first["differences"]
    assert difference["values"] == [
        {"system": "centre", "value": "ISSUED", "at": difference["values"][0]["at"]},
        {"system": "region", "value": "VERIFICATION", "at": difference["values"][1]["at"]},
    ]
    assert (difference["field"], difference["label"], difference["decidedBy"]) == ("status", "Status", "centre")
    assert first["history"] == [
        {"state": "DIFFERS", "cause": "NOT_TOLD", "fields": ["status"], "seconds": None},
        {"state": "ONE_SIDED", "cause": "NOT_TOLD", "fields": [], "seconds": None},
    ]


async def test_a_side_leads_to_its_record(registers: Registers) -> None:
    await registers.differ("I-1")
    sides = (await registers.got(PERMITS))["permits"]["nodes"][0]["agreement"]["sides"]
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {... on Permit {permitId system {name}}}}"
    found = await registers.got(query, ids=[side["nodeId"] for side in sides])
    assert [each["system"]["name"] for each in found["nodes"]] == ["centre", "region"]


async def test_after_the_window_they_differ_until_they_agree(registers: Registers) -> None:
    await registers.differ("I-1")
    await registers.end_windows()
    agreement = (await registers.got(PERMITS))["permits"]["nodes"][0]["agreement"]
    assert agreement["state"] == "DIFFERS"
    await registers.say(Region, permit("I-1", authority="CENTRE", status="ISSUED", version=2))
    agreement = (await registers.got(PERMITS))["permits"]["nodes"][0]["agreement"]
    assert (agreement["state"], agreement["cause"], agreement["differences"]) == ("AGREED", None, [])
    assert agreement["history"][0]["state"] == "AGREED"
    assert agreement["history"][0]["seconds"] > 0


async def test_a_record_of_no_pair_has_no_agreement(registers: Registers) -> None:
    await registers.stage.records(permit("I-9"))
    rows = (await registers.got("{permits {nodes {agreement {id}}}}"))["permits"]["nodes"]
    assert rows == [{"agreement": None}]


async def test_only_operators_see_who_acted(registers: Registers) -> None:
    await registers.differ("I-1")
    query = "{disagreements {nodes {history {actor note}}}}"
    operator = replace(OFFICER, scopes=OFFICER.scopes | {"hub:operate"})
    shown = (await registers.got(query, operator))["disagreements"]["nodes"][0]["history"]
    assert [event["actor"] for event in shown] == ["centre", "region"]
    clerk = replace(OFFICER, scopes=OFFICER.scopes - {"hub:operate"}, name="clerk")
    hidden = (await registers.got(query, clerk))["disagreements"]["nodes"][0]["history"]
    assert hidden == [{"actor": None, "note": None}] * 2


async def test_an_agreement_is_only_for_who_may_see_its_permit(registers: Registers) -> None:
    await registers.differ("I-1")
    ids = list((await registers.ids()).values())
    query = "query($ids: [ID!]!) {nodes(ids: $ids) {id} disagreements {totalCount nodes {id}}}"
    lacking = replace(OFFICER, scopes=OFFICER.scopes - {"licensing:read"})
    for viewer in (ANONYMOUS, lacking):
        data = await registers.got(query, viewer, ids=ids)
        assert data == {"nodes": [None], "disagreements": {"totalCount": 0, "nodes": []}}
    seen = await registers.got(query, OFFICER, ids=ids)
    assert seen["nodes"] == [{"id": ids[0]}]
    await registers.stage.run("update systems set visible_to = 'secret:scope' where name = 'region'")
    assert (await registers.got(query, OFFICER, ids=ids))["nodes"] == [None]


async def test_permits_of_a_page_share_one_statement(registers: Registers) -> None:
    from hub.store.database import record_statements

    await registers.differ("I-1", "I-2", "I-3")
    query = "{permits {nodes {agreement {id}}}}"
    with record_statements() as statements:
        await registers.got(query, replace(OFFICER, name="counted"))
    assert len([each for each in statements if "matters" in each]) == 1


async def test_a_page_lists_centre_and_region_alone_too(registers: Registers) -> None:
    await registers.say(Centre, permit("I-1", authority="CENTRE"))
    agreement = (await registers.got(PERMITS))["permits"]["nodes"][0]["agreement"]
    assert (agreement["state"], agreement["sides"][1]["externalId"]) == ("ONE_SIDED", None)
    assert agreement["sides"][1]["nodeId"] is None


async def test_time_until_agreement_is_none_before_the_hub_knew(registers: Registers) -> None:
    await registers.differ("I-1")
    await registers.say(Region, permit("I-1", authority="CENTRE", status="ISSUED", version=2))
    event = (await registers.got(PERMITS))["permits"]["nodes"][0]["agreement"]["history"][0]
    assert event["state"] == "AGREED"
    assert 0 < event["seconds"] < 600, "the decision is of January 2026"
