"""A report that asks for an answer of ours becomes a complaint: once, whoever hears it and however often it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.agencies import AGENCIES
from hub.store.database import counted
from hub.store.ingest import quarantine
from hub.viewer import ANONYMOUS
from tests.schema.stage import CLERK, OFFICER, Stage
from tests.sync.centre import asking, catch_up, hear, links_of, timeline_of, told

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
USER = {"name": "Uji Coba", "phone": "+62 811 0000 0001"}


async def taken_in(stage: Stage) -> list[Any]:
    """The complaints that came from the centre."""
    return await stage.rows(
        "select ticket, status, agency_code, title, text, area_code, category, submitted_by, anonymous, secret,"
        " reporter_id is not null as reported from complaints where channel = 'LAPOR' order by id"
    )


async def test_a_report_that_asks_becomes_a_complaint_with_its_reporter_agency_and_steps(stage: Stage) -> None:
    await hear(stage, asking("7", NOW - HOUR, user=USER))
    ((ticket, *rest),) = await taken_in(stage)
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
    await hear(stage, asking("7", NOW, user={**USER, "name": "Siti Contoh"}))
    for table in ("complaints", "reporters", "records", "changes", "complaint_steps", "quarantine", "shared_fields"):
        assert "Siti" not in str(await stage.rows(f"select {table}::text from {table}"))


async def test_it_stands_where_it_stands_at_the_centre(stage: Stage) -> None:
    await hear(stage, asking("7", NOW - HOUR, status="IN_PROGRESS"))
    ((ticket, status, *_),) = await taken_in(stage)
    assert (status, (await timeline_of(stage, ticket))[-1]) == (
        "IN_PROGRESS",
        ("ADOPT", "IN_PROGRESS", "SYSTEM", "fake"),
    )


async def test_told_again_and_in_a_later_version_it_stays_one_complaint(stage: Stage) -> None:
    for at in (NOW - HOUR, NOW - HOUR, NOW, NOW - HOUR):
        await hear(stage, asking("7", at), asking("7", at, title="Jalan rusak di desa"))
    assert len(await taken_in(stage)) == 1


async def test_two_workers_take_it_in_once(stage: Stage) -> None:
    many = [asking(str(number), NOW - HOUR, user=USER) for number in range(40)]
    await asyncio.gather(*(hear(stage, *many) for _ in range(2)), *(stage.complaint() for _ in range(3)))
    assert len(await taken_in(stage)) == 40
    tickets = [ticket for (ticket,) in await stage.rows("select ticket from complaints")]
    assert len(set(tickets)) == 43


async def test_a_report_with_our_ticket_is_linked_and_not_copied(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await hear(stage, asking("7", NOW, ticket=ticket))
    assert (await taken_in(stage), await links_of(stage)) == ([], [("7", ticket, "TAG")])


async def test_a_second_report_of_the_same_ticket_is_a_double_and_no_complaint(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED")
    await hear(stage, asking("7", NOW, ticket=ticket), asking("8", NOW, ticket=ticket))
    assert (await taken_in(stage), await links_of(stage)) == ([], [("7", ticket, "TAG")])


async def test_a_complaint_submitted_with_its_number_is_linked_and_not_copied(stage: Stage) -> None:
    ticket = await stage.complaint("ASSIGNED", tracking_id="7")
    await hear(stage, asking("7", NOW))
    assert (await taken_in(stage), await links_of(stage)) == ([], [("7", ticket, "KEY")])


async def test_a_rejected_complaint_does_not_keep_the_matter_away(stage: Stage) -> None:
    await stage.complaint("REJECTED", tracking_id="7")
    await hear(stage, asking("7", NOW))
    assert len(await taken_in(stage)) == 1


async def test_a_complaint_submitted_after_its_report_was_told_is_linked_at_the_end_of_the_run(stage: Stage) -> None:
    await hear(stage, told("7", "CLOSED", datetime.now(UTC) + HOUR))
    ticket = await stage.complaint("IN_PROGRESS", tracking_id="7")
    await catch_up(stage)
    assert await links_of(stage) == [("7", ticket, "KEY")]
    assert await stage.rows("select status from complaints") == [("CLOSED",)]


async def test_a_complaint_whose_agency_nobody_knows_waits_for_the_desk(stage: Stage) -> None:
    await hear(stage, asking("7", NOW, agency="NASA"))
    ((_, status, agency, *_),) = await taken_in(stage)
    assert (status, agency) == ("VERIFIED", None)


async def test_an_agency_out_of_office_is_followed_to_its_successor(stage: Stage) -> None:
    former = next(agency for agency in AGENCIES if agency.successor)
    await hear(stage, asking("7", NOW, agency=former.code))
    ((_, _, agency, *_),) = await taken_in(stage)
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
    await hear(stage, asking("7", NOW, title=title, content=text))
    ((_, _, _, *written),) = await taken_in(stage)
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
    await hear(stage, asking("7", NOW, user=user))
    found = await stage.got(OFFICER, "{complaints {edges {node {reporter {name phone email}}}}}")
    reporter = found["complaints"]["edges"][0]["node"]["reporter"]
    assert (reporter and tuple(reporter.values())) == shown


async def test_what_cannot_be_taken_in_waits_in_quarantine_and_comes_in_when_replayed(stage: Stage) -> None:
    for bad in ({"class": "PRAYER"}, {"ask": "unreadable"}):
        tally = await hear(stage, asking("7", NOW, **bad))
        assert (tally.quarantined, await taken_in(stage)) == (1, [])
    async with stage.database.read() as db:
        entries = await quarantine.entries(db)
    assert [entry.external_id for entry in entries] == ["7"]
    assert entries[0].reason == "user: no name"
    await hear(stage, {**entries[0].raw, "ask": True})
    assert len(await taken_in(stage)) == 1
    assert await stage.rows("select id from quarantine where state = 'OPEN'") == []


async def test_a_secret_report_keeps_its_flags_and_its_reporter_reaches_nobody_else(stage: Stage) -> None:
    await hear(stage, asking("7", NOW, secret=True, user=USER), asking("8", NOW, anonymous=True, user=USER))
    listed = "{complaints {edges {node {ticket secret anonymous}}}}"
    for viewer, count in ((ANONYMOUS, 1), (CLERK, 1), (OFFICER, 2)):
        answer = await stage.ask(viewer, listed)
        assert len(answer.data["complaints"]["edges"]) == count
    for viewer in (ANONYMOUS, CLERK):
        answer = await stage.ask(viewer, "{complaints {edges {node {secret reporter {name}}}}}")
        assert [edge["node"] for edge in answer.data["complaints"]["edges"]] == [{"secret": False, "reporter": None}]


async def test_taking_in_many_costs_no_more_statements_than_taking_in_a_few(stage: Stage) -> None:
    costs = []
    for count in (3, 60):
        with counted() as statements:
            await hear(stage, *(asking(f"{count}-{n}", NOW, user=USER, status="IN_PROGRESS") for n in range(count)))
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 40
