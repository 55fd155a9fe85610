"""Deadlines: each rule of the service levels, day 0, pauses, reopening, and what must hold for any timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.complaints.calendar import JAKARTA, NATIONAL, Override, WorkingCalendar
from hub.complaints.clock import Pause, calculate_due_at, day_zero
from hub.complaints.deadlines import Deadline, Deadlines, TimelineEntry, calculate_deadlines
from hub.complaints.enums import ComplaintClass
from hub.complaints.enums import ComplaintStatus as Status
from hub.complaints.service_levels import POLICIES, Policy, Step, Unit, policy_for


def wib(text: str) -> datetime:
    """Return a time in Jakarta, such as ``11-16 10:00`` of 2026 or with a year before it, in UTC."""
    full = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=JAKARTA).astimezone(UTC)


def clocks(
    *timeline: tuple[Status, str],
    klass: ComplaintClass = ComplaintClass.COMPLAINT,
    inspection: bool = False,
    calendar: WorkingCalendar = NATIONAL,
) -> Deadlines:
    return calculate_deadlines([TimelineEntry(status, wib(at)) for status, at in timeline], klass, inspection, calendar)


def clock(found: Deadlines, step: Step) -> Deadline:
    deadline = found.of(step)
    assert deadline is not None
    return deadline


RECEIVED = (Status.RECEIVED, "11-16 10:00")  # a Monday
VERIFIED = (Status.VERIFIED, "11-16 15:00")
ASSIGNED = (Status.ASSIGNED, "11-17 09:00")
IN_PROGRESS = (Status.IN_PROGRESS, "11-18 09:00")
ANSWERED = (Status.ANSWERED, "11-20 11:00")


@pytest.mark.parametrize(
    ("klass", "inspection", "due"),
    [
        (ComplaintClass.INFORMATION_REQUEST, False, "11-23 16:00"),
        (ComplaintClass.ASPIRATION, False, "11-23 16:00"),
        (ComplaintClass.COMPLAINT, False, "12-04 16:00"),
        # Sixty working days: ten from 17 November, 21 in December, 19 in January, ten in February.
        (ComplaintClass.COMPLAINT, True, "2027-02-15 16:00"),
    ],
)
def test_when_the_answer_is_due(klass: ComplaintClass, inspection: bool, due: str) -> None:
    found = clocks(RECEIVED, klass=klass, inspection=inspection)
    assert found.due_at == wib(due)


@pytest.mark.parametrize(
    ("timeline", "step", "due"),
    [
        ([RECEIVED], Step.FIRST_RESPONSE, "11-17 10:00"),
        ([RECEIVED], Step.VERIFY, "11-19 16:00"),
        ([RECEIVED, VERIFIED, ASSIGNED], Step.FOLLOW_UP, "11-24 16:00"),
        ([RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, ANSWERED], Step.AUTO_CLOSE, "12-04 16:00"),
    ],
)
def test_when_each_step_is_due(timeline: list[tuple[Status, str]], step: Step, due: str) -> None:
    assert clock(clocks(*timeline), step).due_at == wib(due)


def test_the_first_response_took_two_days_before_the_decree() -> None:
    old = clocks((Status.RECEIVED, "2019-12-09 23:59"))
    new = clocks((Status.RECEIVED, "2019-12-10 00:00"))
    assert clock(old, Step.FIRST_RESPONSE).due_at == wib("2019-12-11 23:59")
    assert clock(new, Step.FIRST_RESPONSE).due_at == wib("2019-12-11 00:00")


def test_the_first_response_is_due_at_night_and_on_holidays_too() -> None:
    found = clocks((Status.RECEIVED, "03-20 23:00"))
    assert clock(found, Step.FIRST_RESPONSE).due_at == wib("03-21 23:00")


@pytest.mark.parametrize(
    ("received", "zero"),
    [
        ("11-16 00:00", date(2026, 11, 16)),
        ("11-16 15:59", date(2026, 11, 16)),
        ("11-16 16:00", date(2026, 11, 17)),
        ("11-20 16:00", date(2026, 11, 23)),
        ("11-21 09:00", date(2026, 11, 23)),
        ("11-22 23:59", date(2026, 11, 23)),
        ("03-17 16:00", date(2026, 3, 25)),
    ],
)
def test_day_zero(received: str, zero: date) -> None:
    assert day_zero(wib(received), NATIONAL) == zero


def test_times_come_out_in_utc_whatever_zone_they_came_in() -> None:
    local = datetime(2026, 11, 16, 10, tzinfo=JAKARTA)
    found = calculate_deadlines([TimelineEntry(Status.RECEIVED, local)], ComplaintClass.COMPLAINT, False)
    assert found == clocks(RECEIVED)
    assert all(one.due_at is not None and one.due_at.tzinfo is UTC for one in found.steps)


@pytest.mark.parametrize(
    ("timeline", "step"),
    [
        ([RECEIVED], Step.FIRST_RESPONSE),
        ([RECEIVED, VERIFIED], Step.VERIFY),
        ([RECEIVED, VERIFIED, ASSIGNED], Step.FOLLOW_UP),
        ([RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS], Step.ANSWER),
        ([RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, ANSWERED], Step.AUTO_CLOSE),
        ([RECEIVED, (Status.RETURNED, "11-16 11:00")], Step.AUTO_CLOSE),
    ],
)
def test_the_current_step_follows_the_status(timeline: list[tuple[Status, str]], step: Step) -> None:
    current = clocks(*timeline).current
    assert current is not None
    assert current.step is step


@pytest.mark.parametrize(
    "timeline",
    [
        [RECEIVED, (Status.REJECTED, "11-16 11:00")],
        [RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, ANSWERED, (Status.CLOSED, "11-23 09:00")],
    ],
)
def test_nothing_is_due_when_all_is_done(timeline: list[tuple[Status, str]]) -> None:
    found = clocks(*timeline)
    assert found.current is None
    assert not found.overdue(wib("2027-12-31 00:00"))


def test_overdue_begins_after_the_deadline_and_ends_on_response() -> None:
    waiting = clocks(RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS)
    due = wib("12-04 16:00")
    assert not waiting.overdue(due)
    assert waiting.overdue(due + timedelta(seconds=1))
    answered = clocks(RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, (Status.ANSWERED, "12-07 09:00"))
    assert not answered.overdue(wib("12-08 09:00"))
    assert clock(answered, Step.ANSWER).late
    assert not clock(answered, Step.FOLLOW_UP).late


def test_the_clock_pauses_while_the_reporter_owes_an_answer() -> None:
    paused = clocks(RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, (Status.RETURNED, "11-19 09:00"))
    assert paused.due_at is None
    assert paused.pauses == (Pause(wib("11-19 09:00"), None),)
    assert not paused.overdue(wib("2027-12-31 00:00"))
    assert clock(paused, Step.AUTO_CLOSE).due_at == wib("12-03 16:00")


def test_the_clock_resumes_later_by_the_reporters_working_days() -> None:
    # Returned on a Thursday, resumed on the next Tuesday: Friday, Monday and Tuesday do not count against the agency.
    found = clocks(
        RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, (Status.RETURNED, "11-19 09:00"), (Status.IN_PROGRESS, "11-24 09:00")
    )
    assert found.due_at == wib("12-09 16:00")
    assert clock(found, Step.AUTO_CLOSE).met_at == wib("11-24 09:00")


def test_an_answer_after_hours_returns_that_day_to_the_agency() -> None:
    history = [RECEIVED, (Status.RETURNED, "11-17 09:00")]
    assert clocks(*history, (Status.RECEIVED, "11-17 15:00")).due_at == wib("12-04 16:00")
    assert clocks(*history, (Status.RECEIVED, "11-17 17:00")).due_at == wib("12-07 16:00")


def test_an_overdue_complaint_stays_so_while_the_reporter_owes() -> None:
    found = clocks(RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, (Status.RETURNED, "12-07 09:00"))
    assert found.due_at == wib("12-04 16:00")
    assert found.overdue(wib("12-08 09:00"))


def test_coming_back_from_the_reporter_begins_no_clock_anew() -> None:
    found = clocks(RECEIVED, VERIFIED, ASSIGNED, (Status.RETURNED, "11-18 09:00"), (Status.ASSIGNED, "11-19 09:00"))
    assert clock(found, Step.FOLLOW_UP).started_at == wib("11-17 09:00")
    assert clock(found, Step.FOLLOW_UP).due_at == wib("11-25 16:00")
    assert clock(found, Step.VERIFY).due_at == wib("11-19 16:00")


def test_a_new_agency_restarts_follow_up_but_not_the_response() -> None:
    found = clocks(RECEIVED, VERIFIED, ASSIGNED, IN_PROGRESS, (Status.ASSIGNED, "11-19 09:00"))
    assert clock(found, Step.FOLLOW_UP).due_at == wib("11-26 16:00")
    assert clock(found, Step.FOLLOW_UP).met_at is None
    assert found.due_at == wib("12-04 16:00")


@pytest.mark.parametrize("closed", [[], [(Status.CLOSED, "11-23 09:00")]])
def test_reopening_starts_a_new_round(closed: list[tuple[Status, str]]) -> None:
    first = [RECEIVED, (Status.RETURNED, "11-16 11:00"), (Status.VERIFIED, "11-16 12:00"), ASSIGNED, ANSWERED]
    found = clocks(*first, *closed, (Status.IN_PROGRESS, "11-24 09:00"))
    assert [one.step for one in found.steps] == [Step.ANSWER]
    assert found.due_at == wib("12-14 16:00")
    assert found.pauses == ()


def test_a_rejection_that_was_wrong_starts_every_clock_anew() -> None:
    found = clocks(RECEIVED, (Status.REJECTED, "11-16 11:00"), (Status.RECEIVED, "11-18 09:00"))
    assert clock(found, Step.FIRST_RESPONSE).due_at == wib("11-19 09:00")
    assert found.due_at == wib("12-08 16:00")


def test_a_decree_moves_what_is_due() -> None:
    calendar = WorkingCalendar({date(2026, 11, 25): Override(True, "Pemungutan suara")})
    assert clocks(RECEIVED, calendar=calendar).due_at == wib("12-07 16:00")


def test_a_deadline_over_an_undecreed_holiday_is_estimated() -> None:
    found = clocks((Status.RECEIVED, "2027-03-08 09:00"))
    assert clock(found, Step.ANSWER).estimated
    assert not clock(found, Step.FIRST_RESPONSE).estimated
    assert not clock(clocks(RECEIVED), Step.ANSWER).estimated


@pytest.mark.parametrize("timeline", [[], [TimelineEntry(Status.RECEIVED, datetime(2026, 11, 16, 10))]])  # noqa: DTZ001
def test_a_timeline_that_is_empty_or_without_zone_is_refused(timeline: list[TimelineEntry]) -> None:
    with pytest.raises(ValueError, match="aware time"):
        calculate_deadlines(timeline, ComplaintClass.COMPLAINT, False)


def test_every_complaint_has_one_rule_for_each_step_on_any_day() -> None:
    for step in Step:
        for klass in ComplaintClass:
            for inspection in (False, True):
                assert policy_for(step, klass, inspection, date(2013, 1, 1)) is not None


def test_a_later_rule_replaces_an_earlier_one_in_any_order() -> None:
    tightened = Policy(Step.VERIFY, 1, Unit.WORKING_DAYS, "decree", valid_from=date(2026, 12, 1))
    for rows in ((tightened, *POLICIES), (*POLICIES, tightened)):
        before = policy_for(Step.VERIFY, ComplaintClass.COMPLAINT, False, date(2026, 11, 30), rows)
        assert before is not None
        assert before.amount == 3
        assert policy_for(Step.VERIFY, ComplaintClass.COMPLAINT, False, date(2026, 12, 1), rows) is tightened


def test_a_step_without_a_rule_has_no_clock() -> None:
    rows = [policy for policy in POLICIES if policy.step is not Step.FOLLOW_UP]
    timeline = [TimelineEntry(status, wib(at)) for status, at in (RECEIVED, VERIFIED, ASSIGNED)]
    assert calculate_deadlines(timeline, ComplaintClass.COMPLAINT, False, policies=rows).of(Step.FOLLOW_UP) is None


TIMES = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
RULES = st.sampled_from(POLICIES)
GAPS = st.lists(st.timedeltas(timedelta(0), timedelta(days=12)), max_size=8)
FOREVER = datetime.max.replace(tzinfo=UTC)


def pauses_from(start: datetime, gaps: list[timedelta]) -> list[Pause]:
    """Return pauses one after the other; with an odd number of gaps the last one is open."""
    ends: list[datetime] = []
    for gap in gaps:
        start += gap
        ends.append(start)
    return [
        Pause(at, ends[index + 1] if index + 1 < len(ends) else None) for index, at in enumerate(ends) if index % 2 == 0
    ]


def ran_out(policy: Policy, started: datetime, pauses: list[Pause]) -> datetime:
    return calculate_due_at(policy, started, pauses, NATIONAL) or FOREVER


@given(RULES, TIMES, GAPS)
def test_a_deadline_in_days_ends_when_the_office_closes(
    policy: Policy, started: datetime, gaps: list[timedelta]
) -> None:
    assume(policy.unit is Unit.WORKING_DAYS)
    due = calculate_due_at(policy, started, pauses_from(started, gaps), NATIONAL)
    if due is not None:
        local = due.astimezone(JAKARTA)
        assert NATIONAL.is_working(local.date())
        assert (local.hour, local.minute, local.second) == (16, 0, 0)


@given(RULES, TIMES, GAPS, st.integers(0, 3))
def test_a_further_pause_never_makes_it_due_earlier(
    policy: Policy, started: datetime, gaps: list[timedelta], which: int
) -> None:
    pauses = pauses_from(started, gaps)
    assume(which < len(pauses))
    fewer = pauses[:which] + pauses[which + 1 :]
    assert ran_out(policy, started, fewer) <= ran_out(policy, started, pauses)


@given(RULES, TIMES, TIMES, GAPS)
def test_what_comes_in_later_is_not_due_earlier(
    policy: Policy, one: datetime, other: datetime, gaps: list[timedelta]
) -> None:
    earlier, later = sorted((one, other))
    pauses = pauses_from(later, gaps)
    assert ran_out(policy, earlier, pauses) <= ran_out(policy, later, pauses)


@given(RULES, TIMES, GAPS)
def test_nothing_is_due_before_its_clock_starts(policy: Policy, started: datetime, gaps: list[timedelta]) -> None:
    """Lists of what was received since a day and is due first rely on it."""
    assert ran_out(policy, started, pauses_from(started, gaps)) > started


@given(RULES, TIMES)
def test_the_whole_limit_is_there(policy: Policy, started: datetime) -> None:
    due = calculate_due_at(policy, started, [], NATIONAL)
    assert due is not None
    if policy.unit is Unit.HOURS:
        assert due - started == timedelta(hours=policy.amount)
    else:
        # Full working days lie between day 0 and the last day, whose end is the limit.
        assert NATIONAL.between(day_zero(started, NATIONAL), due.astimezone(JAKARTA).date()) == policy.amount
