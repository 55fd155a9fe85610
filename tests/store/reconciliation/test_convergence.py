"""Both sides change a complaint by clocks of their own and get each other's changes late or twice: they agree."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.store.use_cases import reconciliation, transitions
from tests.fake_central_system import central_report, ingest_reports, register_system
from tests.schema.harness import Stage

START = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=1)
"""A time after all times that creating a complaint sets."""
AGENCIES = ("DISHUB", "DINKES", "DINSOS")
STATUSES = ("DISPOSED", "IN_PROGRESS", "FOLLOWED_UP", "CLOSED")
ACTS, CHANGES, COMPLAINTS = 3, 4, 5


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


@dataclass
class Clock:
    """The hub's clock."""

    time: datetime = START

    def now(self, tz: Any = None) -> datetime:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (transitions, reconciliation):
        monkeypatch.setattr(module, "datetime", made)
    return made


async def outcome(stage: Stage, ticket: str) -> list[Any]:
    """Return the final values of a complaint on both sides."""
    return await stage.rows(
        "select c.status, c.agency_code, f.field, f.ours, f.ours_at, f.theirs, f.theirs_at, f.conflict_since is null"
        " from complaints c join shared_fields f on f.complaint_id = c.id where c.ticket = :t order by f.field",
        t=ticket,
    )


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.whole) for seed in (5, 7))])
async def test_complaint_and_record_converge_in_any_order(stage: Stage, clock: Clock, seed: int) -> None:
    await register_system(stage)
    dice = random.Random(seed)
    tickets = await stage.complaints("ASSIGNED", [{}] * COMPLAINTS)
    # Instants of theirs fall before, between, on and after ours, as their clock may be ahead or behind.
    remote = [
        (minute(dice.choice((0.5, 1, 1.5, 2.5, 3, 9))), dice.choice(STATUSES), dice.choice(AGENCIES))
        for _ in range(CHANGES)
    ]
    acts = [dice.choice(AGENCIES) for _ in range(ACTS)]

    async def act(number: int, ticket: str) -> None:
        at, status, agency = remote[number]
        await ingest_reports(stage, central_report(ticket, status, at, ticket=ticket, agency=agency))

    # The record's version is the newest, whichever change arrives last; changes may arrive before any act.
    left = {ticket: [*range(CHANGES), *dice.choices(range(CHANGES), k=3)] for ticket in tickets}
    for turn in range(ACTS + 1):
        clock.time = minute(turn + 1)
        for ticket in tickets:
            dice.shuffle(left[ticket])
            keep = dice.randrange(len(left[ticket]) + 1) if turn < ACTS else 0
            left[ticket], now = left[ticket][:keep], left[ticket][keep:]
            for number in now:
                await act(number, ticket)
            if turn < ACTS:
                await stage.act(ticket, Action.ASSIGN, agency=acts[turn])
    first, *others = [await outcome(stage, ticket) for ticket in tickets]
    assert len(first) == 2
    for each in others:
        assert each == first
