"""Permits and businesses in the graph: who sees them, what they are linked to, how often a clock was restarted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.fake_connector import business, order, payment, permit
from tests.schema.harness import ANONYMOUS, OFFICER, Stage

NIB, OTHER = "3399000000001", "3399000000002"
LINKS = """{businesses {nodes {nib permits {nodes {permitId}} payments {reference} procurementOrders {orderId}}}}"""


async def test_links_of_a_business_need_its_number(stage: Stage) -> None:
    tax = payment("P1", keys=[["npwp", "000000000000000"]])
    await stage.records(business(NIB), business(OTHER, npwp="000000000000001"), permit("I-1", nib=NIB), tax)
    await stage.records(payment("P2"), order("O1", supplier="Yayasan Uji"), order("O2", keys=[["nib", NIB]]))
    rows = (await stage.got(OFFICER, LINKS))["businesses"]["nodes"]
    found = {
        row["nib"]: ([each["permitId"] for each in row["permits"]["nodes"]], row["payments"], row["procurementOrders"])
        for row in rows
    }
    assert found == {NIB: (["I-1"], [{"reference": "P1"}], [{"orderId": "O2"}]), OTHER: ([], [], [])}


async def test_numbers_of_a_business_are_stored_as_hashes(stage: Stage) -> None:
    await stage.records(business(NIB, npwp="3399014107900001"), permit("I-1", nib=NIB))
    keys = await stage.rows("select name, value from record_keys where name in ('nib', 'npwp')")
    assert sorted(name for name, _ in keys) == ["nib", "nib", "npwp"]
    assert not [value for _, value in keys if value in {NIB, "3399014107900001"}]
    assert len({value for name, value in keys if name == "nib"}) == 1


async def test_without_the_scope_no_way_leads_to_a_permit(stage: Stage) -> None:
    await stage.records(business(NIB), permit("I-1", nib=NIB))
    data = await stage.got(OFFICER, "{permits {nodes {id}} businesses {nodes {id}}}")
    ids = [data[name]["nodes"][0]["id"] for name in ("permits", "businesses")]
    lacking = replace(OFFICER, scopes=OFFICER.scopes - {"licensing:read"})
    ways = """query($ids: [ID!]!) {nodes(ids: $ids) {id} permits {totalCount} permit(number: "I-1") {id}
        businesses {totalCount} agency(code: "DISHUB") {permits {totalCount}}
        areas(filter: {code: ["33.74"]}) {nodes {permits {totalCount} businesses {totalCount}}}}"""
    for viewer in (ANONYMOUS, lacking):
        answer = await stage.ask(viewer, ways, ids=ids)
        assert set(answer.codes) == {"FORBIDDEN"}
        assert answer.data == {
            "nodes": [None, None],
            **dict.fromkeys(("permits", "permit", "businesses")),
            "agency": {"permits": None},
            "areas": {"nodes": [{"permits": None, "businesses": None}]},
        }


async def test_each_restart_of_the_clock_counts(stage: Stage) -> None:
    for version, clock in enumerate(["STOPPED", "RESTARTED", "RUNNING", "STOPPED", "RESTARTED", "ENDED"], 1):
        await stage.records(permit("I-1", version=version, clock=clock))
    await stage.records(permit("I-2", clock="RESTARTED"), permit("I-3"))
    await stage.records(permit("I-2", clock="RESTARTED", version=2, status="INSPECTION"))
    assert await _restarts(stage) == {"I-1": 2, "I-2": 1, "I-3": 0}


async def test_a_permit_that_is_listed_again_is_no_restart(stage: Stage) -> None:
    await stage.records(permit("I-2", clock="RESTARTED"))
    await stage.run("update records set gone_at = now()")
    await stage.records(permit("I-2", clock="RESTARTED", version=2, status="INSPECTION"))
    assert await _restarts(stage) == {"I-2": 1}


async def test_a_forecast_follows_the_clock_in_the_history(stage: Stage) -> None:
    def at(day: int) -> str:
        return f"2026-02-{day:02}T09:00:00+07:00"

    await stage.records(permit("I-1", status="RECEIVED", at=at(2)), permit("I-2", at=at(2)))
    assert await _forecasts(stage) == {"I-1": "2026-02-09T09:00:00+00:00", "I-2": None}
    await stage.records(permit("I-1", version=2, status="INCOMPLETE", clock="STOPPED", at=at(3)))
    assert (await _forecasts(stage))["I-1"] is None
    await stage.records(permit("I-1", version=3, at=at(5)), permit("I-2", version=2, clock="RESTARTED", at=at(4)))
    assert await _forecasts(stage) == {"I-1": "2026-02-11T09:00:00+00:00", "I-2": "2026-02-11T09:00:00+00:00"}
    await stage.records(permit("I-1", version=4, status="ISSUED", clock="ENDED", at=at(6)))
    assert (await _forecasts(stage))["I-1"] is None


async def _forecasts(stage: Stage) -> dict[str, str | None]:
    data: Any = await stage.got(OFFICER, "{permits {nodes {permitId approvesItselfAt}}}")
    return {row["permitId"]: row["approvesItselfAt"] for row in data["permits"]["nodes"]}


async def _restarts(stage: Stage) -> dict[str, int]:
    data: Any = await stage.got(OFFICER, "{permits {nodes {permitId clockRestarts}}}")
    return {row["permitId"]: row["clockRestarts"] for row in data["permits"]["nodes"]}


async def test_a_permit_is_found_by_each_of_its_numbers(stage: Stage) -> None:
    await stage.records(permit("I-1", keys=[["permit", "503/7/2026"], ["permit", "PTSP-2026-000001"]]))
    for number in ("I-1", "503/7/2026", "PTSP-2026-000001"):
        found = await stage.got(OFFICER, "query($n: String!) {permit(number: $n) {permitId}}", n=number)
        assert found == {"permit": {"permitId": "I-1"}}
    assert await stage.got(OFFICER, '{permit(number: "503/8/2026") {permitId}}') == {"permit": None}


async def test_a_complaint_leads_to_the_permit_it_names_and_back(stage: Stage) -> None:
    await stage.records(permit("I-1", keys=[["permit", "503/7/2026"]]), permit("I-2"))
    ticket = await stage.complaint("ASSIGNED", permit_number="503/7/2026")
    found = await stage.got(
        OFFICER,
        """{complaints(filter: {permitNumber: ["503/7/2026"]}) {nodes {ticket permits {permitId}
            references {permitNumber permitState}}} permits {nodes {permitId complaints {nodes {ticket}}}}}""",
    )
    assert found["complaints"]["nodes"] == [
        {
            "ticket": ticket,
            "permits": [{"permitId": "I-1"}],
            "references": {"permitNumber": "503/7/2026", "permitState": "LINKED"},
        }
    ]
    linked = {
        row["permitId"]: [each["ticket"] for each in row["complaints"]["nodes"]] for row in found["permits"]["nodes"]
    }
    assert linked == {"I-1": [ticket], "I-2": []}


async def test_who_may_not_see_permits_learns_nothing_of_one(stage: Stage) -> None:
    await stage.records(permit("I-1"))
    await stage.complaint("ASSIGNED", permit_number="I-1")
    lacking = replace(OFFICER, scopes=OFFICER.scopes - {"licensing:read"})
    answer = await stage.ask(lacking, "{complaints {nodes {permits {permitId} references {permitNumber permitState}}}}")
    assert answer.codes == ["FORBIDDEN"]
    assert answer.data["complaints"]["nodes"] == [
        {"permits": None, "references": {"permitNumber": "I-1", "permitState": "RECORDED"}}
    ]
