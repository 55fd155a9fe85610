"""A number or ticket in a text makes a claim and no link: an officer decides on it, and nobody else sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.complaints.forwarding import DeliveryState
from hub.complaints.workflow import Action
from hub.schema.reports import CentralReport
from hub.store import migrations
from hub.store.outbox import deliveries
from hub.store.use_cases import transitions
from hub.store.use_cases.transitions import Transition
from hub.viewer import WORKER, Viewer
from tests.fake_central_system import (
    central_report,
    complaint_of,
    finish_run,
    ingest_reports,
    intake_report,
    links_of,
    register_system,
    timeline_of,
)
from tests.schema.complaint_mutations import MOVED
from tests.schema.harness import CAUSE, CLERK, DELIVERED, OFFICER, Stage
from tests.schema.visibility_cases import CITIZEN, PARTNER

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
SHOWN = """query($t: String!) {complaint(ticket: $t) {
    claims {trackingId} centralReport {trackingId} sharedFields {field remoteValue} conflicts {field} status}}"""
WAITING = "{complaintsWithClaims {totalCount edges {node {ticket claims {trackingId}}}}}"
TAKES = "update systems set sends = '{CREATE,FOLLOW_UP,ANSWER,NOT_OURS,RATE}'"


@pytest.fixture(autouse=True)
async def _shares(stage: Stage) -> None:
    await register_system(stage)
    await stage.run(TAKES)
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")


async def shown(stage: Stage, ticket: str, viewer: Viewer = OFFICER) -> Any:
    """Return what the graph shows of a complaint; a field whose scope the viewer lacks is null."""
    return (await stage.ask(viewer, SHOWN, t=ticket)).data["complaint"]


async def claimed_by(stage: Stage, ticket: str, viewer: Viewer = OFFICER) -> list[str]:
    """Return the numbers of the reports that claim a complaint."""
    return [each["trackingId"] for each in (await shown(stage, ticket, viewer))["claims"]]


async def waiting(stage: Stage, viewer: Viewer = OFFICER) -> list[str]:
    """Return the complaints with open claims."""
    found = (await stage.got(viewer, WAITING))["complaintsWithClaims"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["ticket"] for edge in found["edges"]]


async def resolve(stage: Stage, ticket: str, ref: str, decision: str, viewer: Viewer = OFFICER, **over: Any) -> Any:
    """Return the response of ``resolveClaim``."""
    given = {"ticket": ticket, "report": CentralReport.id_of(("fake", ref)), "decision": decision, **over}
    query = f"mutation($i: ResolveClaimInput!) {{resolveClaim(input: $i) {MOVED}}}"
    return (await stage.got(viewer, query, i=given))["resolveClaim"]


async def intake_records(stage: Stage) -> list[str]:
    """Return the records that became complaints of their own."""
    return [ref for ref, _, origin in await links_of(stage) if origin == "INTAKE"]


async def test_a_number_links_nothing_and_reveals_nothing(stage: Stage) -> None:
    await ingest_reports(stage, central_report("7", "CLOSED", NOW + HOUR, secret=True, agency="DINKES"))
    for by in (PARTNER, CITIZEN):
        ticket = await stage.complaint("IN_PROGRESS", tracking_id="7", by=by)
        await ingest_reports(stage, central_report("7", "CLOSED", NOW + 2 * HOUR, secret=True, agency="DINKES"))
        await finish_run(stage)
        nothing: dict[str, Any] = {
            "claims": [],
            "centralReport": None,
            "sharedFields": [],
            "conflicts": [],
            "status": "IN_PROGRESS",
        }
        assert await shown(stage, ticket, by) in (nothing, {**nothing, "claims": None, "centralReport": None})
    assert await links_of(stage) == []
    assert await stage.rows("select field from shared_fields") == []


async def test_a_number_does_not_keep_a_report_from_intake(stage: Stage) -> None:
    claimer = await stage.complaint("IN_PROGRESS", tracking_id="7")
    await ingest_reports(stage, intake_report("7", NOW))
    assert (await intake_records(stage), await claimed_by(stage, claimer)) == (["7"], [])
    refused = await resolve(stage, claimer, "7", "CONFIRM")
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_STATE")


@pytest.mark.parametrize("verified", [False, True], ids=["unverified", "verified"])
async def test_a_claim_writes_nothing_to_its_report(stage: Stage, verified: bool) -> None:
    ticket = await stage.complaint("VERIFIED" if verified else "RECEIVED", tracking_id="7")
    await ingest_reports(stage, central_report("7", "VERIFIED", NOW))
    async with stage.database.write(CAUSE) as db:
        await transitions.transition(db, CAUSE, WORKER, Transition(ticket, Action.REPLY, "Ini laporan saya juga."))
    assert await stage.rows("select key from deliveries") == []


async def test_an_unsent_report_with_our_ticket_is_a_claim(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "CLOSED", NOW + HOUR, ticket=ticket), sent=False)
    await finish_run(stage)
    found = await shown(stage, ticket)
    assert found == {
        "claims": [{"trackingId": "7"}],
        "centralReport": None,
        "sharedFields": [],
        "conflicts": [],
        "status": "IN_PROGRESS",
    }
    assert await waiting(stage) == [ticket]
    async with stage.database.write(CAUSE) as db:
        await transitions.transition(db, CAUSE, WORKER, Transition(ticket, Action.FORWARD, to="fake"))
    assert await stage.rows("select action from deliveries") == [("CREATE",)]


async def test_a_second_report_with_the_ticket_replaces_nothing(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", NOW, ticket=ticket))
    await ingest_reports(
        stage,
        central_report("8", "CLOSED", NOW + HOUR, ticket=ticket),
        central_report("6", "CLOSED", NOW, ticket=ticket),
        sent=False,
    )
    found = await shown(stage, ticket)
    assert (found["centralReport"], found["status"]) == ({"trackingId": "7"}, "IN_PROGRESS")
    assert await claimed_by(stage, ticket) == ["8", "6"]
    back = "query($t: ID!) {node(id: $t) {... on CentralReport {complaint {ticket}}}}"
    for ref, of in (("7", {"ticket": ticket}), ("8", None)):
        node = (await stage.got(OFFICER, back, t=CentralReport.id_of(("fake", ref))))["node"]
        assert node == {"complaint": of}
    refused = await resolve(stage, ticket, "8", "CONFIRM")
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "ALREADY_THERE")


async def test_an_unsent_ticket_does_not_keep_a_report_from_intake(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await ingest_reports(
        stage, intake_report("7", NOW, ticket=ticket), intake_report("8", NOW, ticket="LG-2020-000001"), sent=False
    )
    assert await intake_records(stage) == ["7", "8"]


async def test_a_possible_duplicate_waits_for_the_desk_before_intake(
    stage: Stage,
) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await stage.run(DELIVERED)
    await ingest_reports(stage, intake_report("7", NOW, ticket=ticket), sent=False)
    assert (await intake_records(stage), await claimed_by(stage, ticket)) == ([], ["7"])
    assert (await resolve(stage, ticket, "7", "DISMISS"))["__typename"] == "ResolveClaimPayload"
    assert (await claimed_by(stage, ticket), await waiting(stage)) == ([], [])
    assert await stage.rows("select dismissed_by from claims") == [("demo-officer",)]
    await ingest_reports(stage, intake_report("7", NOW, ticket=ticket), sent=False)
    assert (await intake_records(stage), await claimed_by(stage, ticket)) == (["7"], [])


async def test_a_sent_report_is_linked_once_its_id_is_known(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    await stage.run(DELIVERED)
    await ingest_reports(stage, intake_report("7", NOW, ticket=ticket), sent=False)
    ((delivery,),) = await stage.rows("select id from deliveries")
    async with stage.database.write(CAUSE) as db:
        assert await deliveries.mark_delivered(db, delivery, "7")
    assert await links_of(stage) == [("7", ticket, "SENT")]
    assert (await claimed_by(stage, ticket), await waiting(stage)) == ([], [])


async def test_confirmed_each_follows_the_other(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS", tracking_id="7")
    await ingest_reports(stage, central_report("7", "CLOSED", NOW + HOUR))
    assert (await claimed_by(stage, ticket), await waiting(stage)) == (["7"], [ticket])
    done = await resolve(stage, ticket, "7", "CONFIRM", idempotencyKey="decision-0001")
    assert done["__typename"] == "ResolveClaimPayload"
    assert await resolve(stage, ticket, "7", "CONFIRM", idempotencyKey="decision-0001") == done
    assert (await timeline_of(stage, ticket))[-1] == ("LINK", "IN_PROGRESS", "DESK", "demo-officer")
    assert await links_of(stage) == [("7", ticket, "CONFIRMED")]
    found = await shown(stage, ticket)
    assert (found["claims"], found["centralReport"]) == ([], {"trackingId": "7"})
    await finish_run(stage)
    assert (await complaint_of(stage, ticket))[0] == "CLOSED"
    await stage.act(ticket, Action.REOPEN)
    assert await stage.rows("select action from deliveries") == [("FOLLOW_UP",)]
    again = await resolve(stage, ticket, "7", "DISMISS")
    assert (again["__typename"], again["code"]) == ("NotAllowed", "WRONG_STATE")


async def test_a_late_complaint_claims_its_report_at_the_end_of_a_run(stage: Stage) -> None:
    await ingest_reports(stage, central_report("7", "CLOSED", NOW + HOUR))
    ticket = await stage.complaint("IN_PROGRESS", tracking_id="7")
    await finish_run(stage)
    assert (await claimed_by(stage, ticket), await links_of(stage)) == (["7"], [])


async def test_a_rejected_complaint_claims_nothing_and_keeps_nothing(stage: Stage) -> None:
    spam = await stage.complaint("RECEIVED", tracking_id="7")
    taken = await stage.complaint("RECEIVED", tracking_id="8")
    await ingest_reports(stage, central_report("7", "CLOSED", NOW - HOUR), central_report("8", "DISPOSED", NOW - HOUR))
    await resolve(stage, taken, "8", "CONFIRM")
    await finish_run(stage)
    for ticket in (spam, taken):
        await stage.act(ticket, Action.REJECT)
        await ingest_reports(stage, central_report("7", "CLOSED", NOW), central_report("8", "DISPOSED", NOW))
        await finish_run(stage)
    assert (await waiting(stage), await links_of(stage)) == ([], [])
    assert await stage.rows("select field from shared_fields") == []
    await ingest_reports(stage, intake_report("8", NOW + HOUR))
    assert await intake_records(stage) == ["8"]


async def test_a_rejection_lasts_despite_future_times_of_a_report(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", tracking_id="7")
    await ingest_reports(stage, central_report("7", "DISPOSED", NOW + HOUR))
    await resolve(stage, ticket, "7", "CONFIRM")
    await finish_run(stage)
    await stage.act(ticket, Action.REJECT)
    assert (await complaint_of(stage, ticket))[0] == "REJECTED"
    assert (await links_of(stage), await stage.rows("select field from shared_fields")) == ([], [])
    assert (await timeline_of(stage, ticket))[-1][:2] == ("REJECT", "REJECTED")


async def test_a_claim_is_confirmed_only_after_deliveries_are_settled(stage: Stage) -> None:
    ticket = await stage.complaint("VERIFIED", tracking_id="7")
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", NOW - HOUR))
    await stage.act(ticket, Action.FORWARD)
    async with stage.database.write(CAUSE) as db:
        taken = await deliveries.lease(db, "fake", 0)
    assert taken
    refused = await resolve(stage, ticket, "7", "CONFIRM")
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_STATE")
    assert (await links_of(stage), await claimed_by(stage, ticket)) == ([], ["7"])
    async with stage.database.write(CAUSE) as db:
        await deliveries.release(db, taken, DeliveryState.WAITING, "busy")
    assert (await resolve(stage, ticket, "7", "CONFIRM"))["__typename"] == "ResolveClaimPayload"
    assert await stage.rows("select state, external_id from deliveries") == [("DONE", "7")]
    async with stage.database.write(CAUSE) as db:
        assert await deliveries.lease(db, "fake", 0) is None


async def test_a_claim_of_a_secret_report_is_for_its_viewers(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS", tracking_id="7")
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", NOW, secret=True))
    assert (await claimed_by(stage, ticket, CLERK), await waiting(stage, CLERK)) == ([], [])
    assert (await claimed_by(stage, ticket), await waiting(stage)) == (["7"], [ticket])
    answers = [await resolve(stage, ticket, ref, "CONFIRM", CLERK) for ref in ("7", "nothing", "\0")]
    assert [answer["__typename"] for answer in answers] == ["NotAllowed"] * 3
    assert answers[0] == answers[1] == answers[2]


async def test_a_secret_counterparts_values_are_for_its_viewers(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS", tracking_id="7", by=PARTNER)
    await ingest_reports(stage, central_report("7", "IN_PROGRESS", NOW, secret=True, agency="DINKES"))
    await resolve(stage, ticket, "7", "CONFIRM")
    await finish_run(stage)
    assert (await shown(stage, ticket))["conflicts"] == [{"field": "AGENCY"}]
    for viewer in (CLERK, PARTNER):
        found = await shown(stage, ticket, viewer)
        assert (found["sharedFields"], found["conflicts"]) == ([], [])
    listed = "{complaintsWithConflicts {totalCount edges {node {ticket}}}}"
    assert (await stage.got(CLERK, listed))["complaintsWithConflicts"] == {"totalCount": 0, "edges": []}
    decide = f"mutation($i: ResolveConflictInput!) {{resolveConflict(input: $i) {MOVED}}}"
    given = {"ticket": ticket, "system": "fake", "field": "AGENCY", "resolution": "ACCEPT_REMOTE"}
    refused = (await stage.got(CLERK, decide, i=given))["resolveConflict"]
    assert (refused["__typename"], refused["code"]) == ("NotAllowed", "WRONG_STATE")
    assert (await complaint_of(stage, ticket))[1] == "DISHUB"


async def test_an_unknown_report_id_is_refused(stage: Stage) -> None:
    ticket = await stage.complaint("IN_PROGRESS")
    for id_ in ("7", "", "\0", CentralReport.id_of(("fake", "7"))[:-3]):
        answer = await resolve(stage, ticket, "7", "CONFIRM", report=id_)
        assert (answer["__typename"], answer["problems"][0]["field"]) == ("InvalidInput", "report")


async def test_a_migration_makes_claims_of_what_was_believed_before(stage: Stage) -> None:
    sent, tagged, numbered, spam = [
        await stage.complaint(status) for status in ("VERIFIED", "VERIFIED", "VERIFIED", "REJECTED")
    ]
    await stage.run(f"{DELIVERED} where ticket = :t", t=sent)
    for ticket, origin in ((sent, "TAG"), (tagged, "TAG"), (numbered, "KEY"), (spam, "KEY")):
        await stage.run(
            "insert into counterparts (system, external_id, complaint_id, origin) select 'fake', ticket, id, :origin"
            " from complaints where ticket = :t",
            t=ticket,
            origin=origin,
        )
    await stage.run(
        "insert into shared_fields (system, complaint_id, field) select 'fake', id, 'status' from complaints"
    )
    (script,) = Path(migrations.__file__).with_name("versions").glob("*_claims.sql")
    for statement in script.read_text().partition("-- Until now")[2].partition("\n")[2].split(";\n"):
        if statement.strip():
            await stage.run(statement)
    assert await links_of(stage) == [(sent, sent, "SENT")]
    assert await stage.rows("select external_id, source from claims order by external_id") == sorted(
        [(tagged, "TAG"), (numbered, "NUMBER")]
    )
    shared = "select ticket from shared_fields join complaints on id = complaint_id"
    assert await stage.rows(shared) == [(sent,)]
