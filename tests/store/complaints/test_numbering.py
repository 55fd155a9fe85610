"""A ticket number is never issued twice, even after the database lost its counters."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.complaints.calendar import JAKARTA
from hub.complaints.tickets import Ticket
from hub.store.complaints import numbering
from hub.store.outbox import payload
from tests.auth.harness import Stage as Processes
from tests.auth.harness import ask, staged, submit
from tests.schema.harness import CAUSE, DELIVERED, Stage
from tests.schema.harness import staged as stage_on

FORGOTTEN = """do $$ begin
    set local session_replication_role = replica;
    truncate complaints, complaint_steps, reporters, changes, idempotency restart identity cascade;
    delete from ticket_numbers;
end $$"""
"""Resets the counters, as if no complaint had been submitted."""
AT = datetime(2026, 7, 1, 12, tzinfo=JAKARTA)


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[Processes]:
    async with staged(database_url) as stage:
        yield stage


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with stage_on(database_url) as stage:
        yield stage


async def test_the_code_of_a_complaint_that_was_lost_opens_no_other(processes: Processes) -> None:
    token = await processes.partner_token()
    lost = await submit(processes.first, token=token)
    await processes.run(FORGOTTEN)
    kept = await submit(processes.first, token=token)
    assert kept["trackingCode"] != lost["trackingCode"]
    answer = await ask(processes.first, hub_tracking_code=f"{kept['ticket']} {lost['trackingCode']}")
    assert answer.status_code == 401


async def test_a_repeat_returns_the_same_code(processes: Processes) -> None:
    token = await processes.partner_token()
    first, again = [await submit(processes.first, token=token) for _ in range(2)]
    assert (first["ticket"], first["trackingCode"]) == (again["ticket"], again["trackingCode"])


async def test_a_code_from_before_seeds_still_opens_its_complaint(processes: Processes) -> None:
    mine = await submit(processes.first, token=await processes.partner_token())
    await processes.run("update complaints set code_seed = null")
    ((id_,),) = await processes.rows("select id from complaints")
    opened = await ask(processes.first, hub_tracking_code=f"{mine['ticket']} {processes.code(id_)}")
    assert opened.status_code == 200


async def test_a_restored_database_reuses_no_ticket(stage: Stage) -> None:
    taken: list[Ticket] = []
    for minutes in (0, 30):
        async with stage.database.write(CAUSE) as db:
            taken += await numbering.allocate(db, 2026, AT + timedelta(minutes=minutes), 25)
        await stage.run("delete from ticket_numbers")
    assert len(set(taken)) == 50
    assert all(re.fullmatch(r"LG-2026-\d{6}", str(each)) for each in taken)


async def test_deliveries_from_before_a_restore_match_no_new_number(stage: Stage) -> None:
    await stage.complaint("ASSIGNED")
    marks = []
    for _ in range(2):
        await stage.run("delete from deliveries")
        await stage.run(DELIVERED)
        ((id_, key),) = await stage.rows("select id, key from deliveries")
        async with stage.database.read() as db:
            read = [await payload.build(db, stage.cipher, id_) for _ in range(2)]
        assert {each.key for each in read} == {key}
        assert read[0].mark == read[1].mark
        marks.append(read[0].mark)
    assert marks[0] != marks[1]


async def test_a_clock_that_steps_back_reuses_no_ticket(stage: Stage) -> None:
    taken: list[Ticket] = []
    for minutes in (0, -60, 1):
        async with stage.database.write(CAUSE) as db:
            taken += await numbering.allocate(db, 2026, AT + timedelta(minutes=minutes), 3)
    numbers = [each.number for each in taken]
    assert numbers == sorted(set(numbers))


async def test_the_first_minute_of_a_year_starts_at_number_one(stage: Stage) -> None:
    async with stage.database.write(CAUSE) as db:
        assert await numbering.allocate(db, 2027, datetime(2026, 12, 31, 17, tzinfo=UTC)) == [Ticket(2027, 1)]
