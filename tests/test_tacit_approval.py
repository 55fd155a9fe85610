"""When silence approves a permit: what starts, stops and ends the office's time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.calendar import JAKARTA, NATIONAL
from hub.complaints.clock import day_zero
from hub.kinds import PermitClock as Clock
from hub.kinds import PermitStatus as Status
from hub.tacit_approval import DEFAULT, ClockEvent, calculate_approval, count_restarts

MONDAY = datetime(2026, 2, 2, 9, tzinfo=JAKARTA)
"""The first of two weeks without holidays."""


def day(number: int, hour: int = 9) -> datetime:
    """Return a time on the day so many days after Monday."""
    return MONDAY.replace(hour=hour) + timedelta(days=number)


def received(number: int = 0, hour: int = 9) -> ClockEvent:
    return ClockEvent(Clock.RUNNING, Status.RECEIVED, day(number, hour))


def stopped(number: int) -> ClockEvent:
    return ClockEvent(Clock.STOPPED, Status.INCOMPLETE, day(number))


def resumed(number: int) -> ClockEvent:
    return ClockEvent(Clock.RUNNING, Status.VERIFICATION, day(number))


def restarted(number: int) -> ClockEvent:
    return ClockEvent(Clock.RESTARTED, Status.VERIFICATION, day(number))


def decided(number: int) -> ClockEvent:
    return ClockEvent(Clock.ENDED, Status.ISSUED, day(number))


def unknown(number: int, status: Status = Status.UNKNOWN) -> ClockEvent:
    return ClockEvent(None, status, day(number))


@pytest.mark.parametrize(
    ("events", "approved"),
    [
        ([], None),
        ([received()], day(7, 16)),
        ([received(hour=17)], day(8, 16)),
        ([unknown(0, Status.RECEIVED), received(1)], day(8, 16)),
        ([stopped(0), received(1)], day(8, 16)),
        ([received(), stopped(1)], None),
        ([received(), stopped(1), resumed(3)], day(9, 16)),
        ([received(), stopped(1), unknown(2), resumed(3)], day(9, 16)),
        ([received(), stopped(1), resumed(2), stopped(3), resumed(4)], day(9, 16)),
        ([received(), stopped(1), restarted(3)], day(10, 16)),
        ([received(), stopped(1), restarted(3), stopped(4), resumed(7)], day(11, 16)),
        ([restarted(1)], day(8, 16)),
        ([received(), decided(1)], None),
        ([received(), decided(1), resumed(2)], None),
        ([received(), decided(1), received(2)], day(9, 16)),
        ([received(), unknown(1)], None),
        ([resumed(0)], None),
        ([stopped(0), resumed(1)], None),
        ([received(2), stopped(1), resumed(0)], day(9, 16)),
    ],
)
def test_each_sequence_of_events_has_its_forecast(events: list[ClockEvent], approved: datetime | None) -> None:
    assert calculate_approval(events) == approved


def test_holidays_are_no_working_days() -> None:
    before_lebaran = datetime(2026, 3, 17, 9, tzinfo=JAKARTA)
    approved = calculate_approval([ClockEvent(Clock.RUNNING, Status.RECEIVED, before_lebaran)])
    assert approved
    days = (approved.astimezone(JAKARTA).date() - before_lebaran.date()).days
    assert days > 7
    assert NATIONAL.between(before_lebaran.date(), approved.astimezone(JAKARTA).date()) == DEFAULT.amount


TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.just(JAKARTA))  # noqa: DTZ001
EVENTS = st.lists(
    st.builds(
        ClockEvent,
        st.one_of(st.none(), st.sampled_from(Clock)),
        st.sampled_from(Status),
        TIMES,
    ),
    max_size=12,
)


@given(EVENTS)
def test_a_forecast_ends_a_working_day_after_its_start(events: list[ClockEvent]) -> None:
    approved = calculate_approval(events)
    if approved is None:
        return
    local = approved.astimezone(JAKARTA)
    starts = [
        e for e in events if e.clock is Clock.RESTARTED or (e.clock, e.status) == (Clock.RUNNING, Status.RECEIVED)
    ]
    assert events[-1].clock in (Clock.RUNNING, Clock.RESTARTED)
    assert (local.hour, local.minute) == (16, 0)
    assert NATIONAL.is_working(local.date())
    assert any(NATIONAL.between(day_zero(start.at, NATIONAL), local.date()) >= DEFAULT.amount for start in starts)


@given(EVENTS, EVENTS)
def test_what_was_before_a_restart_changes_nothing(before: list[ClockEvent], after: list[ClockEvent]) -> None:
    again = [restarted(0), *after]
    assert calculate_approval([*before, *again]) == calculate_approval(again)
    assert count_restarts([*before, *again]) == count_restarts(before) + count_restarts(again)
