"""Both sides act, by clocks of their own, and hear of each other late, twice, in any order: they come to the same."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.complaints.workflow import Action
from hub.store.complaints import handling
from hub.store.exchange import hearing
from tests.schema.stage import Stage
from tests.sync.centre import hear, shares, told

START = datetime(2099, 1, 1, tzinfo=UTC)
"""After everything that making a complaint stamps."""
AGENCIES = ("DISHUB", "DINKES", "DINSOS")
STATUSES = ("DISPOSED", "IN_PROGRESS", "FOLLOWED_UP", "CLOSED")
ACTS, WORDS, COMPLAINTS = 3, 4, 5


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
    for module in (handling, hearing):
        monkeypatch.setattr(module, "datetime", made)
    return made


async def outcome(stage: Stage, ticket: str) -> list[Any]:
    """All that both sides hold of a complaint in the end."""
    return await stage.rows(
        "select c.status, c.agency_code, f.field, f.ours, f.ours_at, f.theirs, f.theirs_at, f.conflict_since is null"
        " from complaints c join shared_fields f on f.complaint_id = c.id where c.ticket = :t order by f.field",
        t=ticket,
    )


@pytest.mark.parametrize("seed", [0, 5, 7])
async def test_whatever_the_order_complaint_and_record_come_to_the_same(stage: Stage, clock: Clock, seed: int) -> None:
    await shares(stage)
    dice = random.Random(seed)
    tickets = await stage.complaints("ASSIGNED", [{}] * COMPLAINTS)
    # Instants of theirs fall before, between, on and after ours, as their clock may be ahead or behind.
    words = [
        (minute(dice.choice((0.5, 1, 1.5, 2.5, 3, 9))), dice.choice(STATUSES), dice.choice(AGENCIES))
        for _ in range(WORDS)
    ]
    acts = [dice.choice(AGENCIES) for _ in range(ACTS)]

    async def say(number: int, ticket: str) -> None:
        at, status, agency = words[number]
        await hear(stage, told(ticket, status, at, ticket=ticket, agency=agency))

    # Whichever word is heard last, the record's own version is the newest; words may come before any act.
    left = {ticket: [*range(WORDS), *dice.choices(range(WORDS), k=3)] for ticket in tickets}
    for turn in range(ACTS + 1):
        clock.time = minute(turn + 1)
        for ticket in tickets:
            dice.shuffle(left[ticket])
            keep = dice.randrange(len(left[ticket]) + 1) if turn < ACTS else 0
            left[ticket], now = left[ticket][:keep], left[ticket][keep:]
            for number in now:
                await say(number, ticket)
            if turn < ACTS:
                await stage.act(ticket, Action.ASSIGN, agency=acts[turn])
    first, *others = [await outcome(stage, ticket) for ticket in tickets]
    assert len(first) == 2
    for each in others:
        assert each == first
