"""Intake: a report that the province must answer becomes a complaint once, however often it is stored."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.agencies import AGENCIES
from hub.store.database import record_statements
from hub.store.ingest import quarantine
from hub.viewer import ANONYMOUS
from tests.fake_central_system import ingest_reports, intake_report, links_of, timeline_of
from tests.schema.harness import CLERK, OFFICER, Stage

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
USER = {"name": "Uji Coba", "phone": "+62 811 0000 0001"}


async def intake_complaints(stage: Stage) -> list[Any]:
    """Return the complaints that came from the central system."""
    return await stage.rows(
        "select ticket, status, agency_code, title, text, area_code, category, submitted_by, anonymous, secret,"
        " reporter_id is not null as reported from complaints where channel = 'LAPOR' order by id"
    )


async def test_a_report_that_needs_an_answer_becomes_a_complaint(stage: Stage) -> None:
    await ingest_reports(stage, intake_report("7", NOW - HOUR, user=USER))
    ((ticket, *rest),) = await intake_complaints(stage)
    assert rest == [
        *("ASSIGNED", "DISHUB", "Jalan berlubang di desa", "Sudah sebulan jalan ini berlubang."),
        *("33.74", "ROADS", "system:fake", False, False, True),
    ]
    assert await timeline_of(stage, ticket) == [
        (action, status, "SYSTEM", "fake")
        for action, status in (("SUBMIT", "RECEIVED"), ("VERIFY", "VERIFIED"), ("ASSIGN", "ASSIGNED"))
    ]
    assert await links_of(stage) == [("7", ticket, "INTAKE")]
    query = "query($t: String!) {complaint(ticket: $t) {receivedAt reporter {name phone} centralReport {trackingId}}}"
    shown = (await stage.got(OFFICER, query, t=ticket))["complaint"]
    assert shown["reporter"] == {"name": "Uji Coba", "phone": "+6281100000001"}
    assert shown["centralReport"] == {"trackingId": "7"}
    assert datetime.fromisoformat(shown["receivedAt"]) == NOW - HOUR


async def test_nobodys_name_is_kept_in_clear(stage: Stage) -> None:
    await ingest_reports(stage, intake_report("7", NOW, user={**USER, "name": "Siti Contoh"}))
    for table in ("complaints", "reporters", "records", "changes", "complaint_steps", "quarantine", "shared_fields"):
        assert "Siti" not in str(await stage.rows(f"select {table}::text from {table}"))


async def test_a_new_complaint_has_the_status_of_its_report(stage: Stage) -> None:
    await ingest_reports(stage, intake_report("7", NOW - HOUR, status="IN_PROGRESS"))
    ((ticket, status, *_),) = await intake_complaints(stage)
    assert (status, (await timeline_of(stage, ticket))[-1]) == (
        "IN_PROGRESS",
        ("ACCEPT_REMOTE", "IN_PROGRESS", "SYSTEM", "fake"),
    )


async def test_a_repeated_and_updated_report_stays_one_complaint(stage: Stage) -> None:
    for at in (NOW - HOUR, NOW - HOUR, NOW, NOW - HOUR):
        await ingest_reports(stage, intake_report("7", at), intake_report("7", at, title="Jalan rusak di desa"))
    assert len(await intake_complaints(stage)) == 1


async def test_two_workers_take_it_in_once(stage: Stage) -> None:
    many = [intake_report(str(number), NOW - HOUR, user=USER) for number in range(40)]
    await asyncio.gather(*(ingest_reports(stage, *many) for _ in range(2)), *(stage.complaint() for _ in range(3)))
    assert len(await intake_complaints(stage)) == 40
    tickets = [ticket for (ticket,) in await stage.rows("select ticket from complaints")]
    assert len(set(tickets)) == 43


async def test_a_complaint_of_an_unknown_agency_waits_for_the_desk(stage: Stage) -> None:
    await ingest_reports(stage, intake_report("7", NOW, agency="NASA"))
    ((_, status, agency, *_),) = await intake_complaints(stage)
    assert (status, agency) == ("VERIFIED", None)


async def test_an_agency_out_of_office_is_followed_to_its_successor(stage: Stage) -> None:
    former = next(agency for agency in AGENCIES if agency.successor)
    await ingest_reports(stage, intake_report("7", NOW, agency=former.code))
    ((_, _, agency, *_),) = await intake_complaints(stage)
    assert agency == former.successor


@pytest.mark.parametrize(
    ("title", "text", "kept"),
    [
        ("x" * 300, "y" * 20_000, ("x" * 199 + "…", "y" * 9_999 + "…")),
        ("Jl", "Rusak parah sekali.", ("Laporan: Jl Rusak parah sekali.", "Rusak parah sekali.")),
        ("Jalan rusak", "Ya", ("Jalan rusak", "Laporan: Jalan rusak\n\nYa")),
        ("A\0 jalan\u202e", "B\0 rusak sekali", ("A\ufffd jalan", "B\ufffd rusak sekali")),
    ],
    ids=["too long", "a short title", "a short text", "what cannot be stored"],
)
async def test_what_was_written_for_other_rules_is_made_to_fit(
    stage: Stage, title: str, text: str, kept: tuple[str, str]
) -> None:
    await ingest_reports(stage, intake_report("7", NOW, title=title, content=text))
    ((_, _, _, *written),) = await intake_complaints(stage)
    assert tuple(written[:2]) == kept


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        (
            {"name": "Uji Coba", "phone": "rahasia", "email": "UJI@warga.example"},
            ("Uji Coba", None, "uji@warga.example"),
        ),
        ({"name": "x", "phone": "0811 0000 0001"}, None),
        ({"name": "U" * 200}, ("U" * 99 + "…", None, None)),
        (None, None),
    ],
    ids=["an unreadable number", "no name", "a long name", "nobody"],
)
async def test_of_a_reporter_what_is_right_is_kept(stage: Stage, user: Any, shown: Any) -> None:
    await ingest_reports(stage, intake_report("7", NOW, user=user))
    found = await stage.got(OFFICER, "{complaints {edges {node {reporter {name phone email}}}}}")
    reporter = found["complaints"]["edges"][0]["node"]["reporter"]
    assert (reporter and tuple(reporter.values())) == shown


async def test_a_refused_report_is_quarantined_and_enters_on_replay(stage: Stage) -> None:
    for bad in ({"class": "PRAYER"}, {"ask": "unreadable"}):
        tally = await ingest_reports(stage, intake_report("7", NOW, **bad))
        assert (tally.quarantined, await intake_complaints(stage)) == (1, [])
    async with stage.database.read() as db:
        entries = await quarantine.entries(db)
    assert [entry.external_id for entry in entries] == ["7"]
    assert entries[0].reason == "user: no name"
    await ingest_reports(stage, {**entries[0].raw, "ask": True})
    assert len(await intake_complaints(stage)) == 1
    assert await stage.rows("select id from quarantine where state = 'OPEN'") == []


async def test_a_secret_report_keeps_its_flags_and_hides_its_reporter(stage: Stage) -> None:
    await ingest_reports(
        stage, intake_report("7", NOW, secret=True, user=USER), intake_report("8", NOW, anonymous=True, user=USER)
    )
    listed = "{complaints {edges {node {ticket secret anonymous}}}}"
    for viewer, count in ((ANONYMOUS, 1), (CLERK, 1), (OFFICER, 2)):
        answer = await stage.ask(viewer, listed)
        assert len(answer.data["complaints"]["edges"]) == count
    for viewer in (ANONYMOUS, CLERK):
        answer = await stage.ask(viewer, "{complaints {edges {node {secret reporter {name}}}}}")
        assert [edge["node"] for edge in answer.data["complaints"]["edges"]] == [{"secret": False, "reporter": None}]


async def test_intake_of_many_takes_no_more_statements_than_of_few(stage: Stage) -> None:
    costs = []
    for count in (3, 60):
        with record_statements() as statements:
            await ingest_reports(
                stage, *(intake_report(f"{count}-{n}", NOW, user=USER, status="IN_PROGRESS") for n in range(count))
            )
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 40
