"""A register that lists nothing is asked for what the other one has; that it has not is an answer."""

from __future__ import annotations

import pytest

from hub.errors import TryLater
from hub.store.database import Cause
from hub.store.ingest import inquiries
from hub.sync.inquiries import ABSENT_DELAYS, MAX_FAILURES, InquiryRun
from tests.registers import SEAL, Both, Centre, Region, permit

CAUSE = Cause("test", "test", "run-1")
WAITING = "select extract(epoch from due_at - asked_at)::int, trouble from inquiries order by reference"
IDS = [f"I-{number}" for number in range(1, MAX_FAILURES + 3)]


@pytest.fixture
async def asking(both: Both) -> Both:
    """A hub that asks the centre for more permits than failures end a run."""
    await both.run("update systems set register = jsonb_set(register, '{lists_all}', 'false') where name = 'centre'")
    await both.bring(Region, *(permit(f"r-{id_}", id_) for id_ in IDS))
    return both


async def ask(both: Both) -> tuple[int, int]:
    """Make the inquiries, as if all were due; return how many were answered and how many failed."""
    await both.run("update inquiries set due_at = now() where due_at is not null")
    async with both.connected(Centre) as connector:
        return await InquiryRun(both.database, connector, SEAL).run()


async def test_an_absent_permit_is_an_answer_and_asked_rarely(asking: Both) -> None:
    for times in range(3):
        assert await ask(asking) == (len(IDS), 0)
        wait = ABSENT_DELAYS[min(times, len(ABSENT_DELAYS) - 1)]
        assert await asking.rows(WAITING) == [(wait.total_seconds(), None)] * len(IDS)
    async with asking.database.read() as db:
        assert await inquiries.backlog(db) == []
    assert set((await asking.states()).values()) == {("ONE_SIDED", "NOT_TOLD")}


async def test_an_absent_permit_that_comes_is_found(asking: Both) -> None:
    await ask(asking)
    asking.centre.put(permit("I-1", "I-1"))
    assert await ask(asking) == (len(IDS), 0)
    assert (await asking.states())["I-1"] == ("AGREED", None)


async def test_an_absent_subject_of_a_webhook_is_a_failure(asking: Both) -> None:
    await ask(asking)
    await asking.run("delete from inquiries")
    async with asking.database.write(CAUSE) as db:
        await inquiries.add(db, "centre", ["I-unheard"])
    assert await ask(asking) == (0, 1)


async def test_a_register_that_is_down_gives_no_answer(asking: Both) -> None:
    asking.centre.read_errors = [TryLater("down")] * MAX_FAILURES
    assert await ask(asking) == (0, MAX_FAILURES)
