"""The calendar: the closed days of 2025 and 2026 in full, overrides, estimated days, and counting."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.calendar import NATIONAL, Override, WorkingCalendar, national_closures

# Closed days of contract reference-data#calendar; c is cuti bersama, a joint leave day.
CLOSED = {
    2025: "01-01 01-27 01-28c 01-29 03-28c 03-29 03-31 04-01 04-02c 04-03c 04-04c 04-07c 04-18 04-20 05-01 05-12 "
    "05-13c 05-29 05-30c 06-01 06-06 06-09c 06-27 08-17 08-18c 09-05 12-25 12-26c",
    2026: "01-01 01-16 02-16c 02-17 03-18c 03-19 03-20c 03-21 03-22 03-23c 03-24c 04-03 04-05 05-01 05-14 05-15c "
    "05-27 05-28c 05-31 06-01 06-16 08-17 08-25 12-24c 12-25",
}
DAYS = st.dates(date(2019, 1, 1), date(2030, 12, 31))
EID_2027 = date(2027, 3, 10)


@pytest.mark.parametrize(("year", "count"), [(2025, 28), (2026, 25)])
def test_the_closed_days_are_those_of_the_joint_decree(year: int, count: int) -> None:
    closures = national_closures(year)
    listed = [f"{day:%m-%d}{'c' if 'Cuti Bersama' in closure.reason else ''}" for day, closure in closures.items()]
    assert listed == CLOSED[year].split()
    assert len(listed) == count


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_weekday_that_is_not_closed_is_a_working_day(year: int) -> None:
    closed = {date.fromisoformat(f"{year}-{day.rstrip('c')}") for day in CLOSED[year].split()}
    days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(365)]
    assert [day for day in days if NATIONAL.is_working(day)] == [
        day for day in days if day.weekday() < 5 and day not in closed
    ]


def test_only_eid_of_2027_is_estimated() -> None:
    assert not NATIONAL.estimated(date(2025, 1, 2), date(2026, 12, 30))
    estimated = [day for day, closure in national_closures(2027).items() if closure.estimated]
    assert estimated == [EID_2027, date(2027, 3, 11), date(2027, 5, 17)]


@pytest.mark.parametrize(
    ("first", "last", "estimated"),
    [
        (date(2027, 3, 1), date(2027, 3, 8), False),
        (date(2027, 3, 1), date(2027, 3, 9), True),
        (date(2027, 3, 8), date(2027, 3, 16), True),
        (date(2027, 3, 12), date(2027, 3, 16), True),
        (date(2027, 3, 13), date(2027, 3, 16), False),
    ],
)
def test_a_count_near_an_estimated_holiday_is_estimated(first: date, last: date, estimated: bool) -> None:
    assert NATIONAL.estimated(first, last) is estimated


def test_a_decree_for_a_day_ends_its_estimate() -> None:
    decreed = WorkingCalendar(
        {
            EID_2027: Override(False, "Sidang isbat: bukan hari raya"),
            date(2027, 3, 11): Override(True, "Hari Raya Idul Fitri"),
        }
    )
    assert decreed.is_working(EID_2027)
    assert not decreed.is_working(date(2027, 3, 11))
    assert not decreed.estimated(date(2027, 3, 1), date(2027, 3, 31))


def test_an_override_closes_an_election_day_with_a_reason() -> None:
    election = date(2026, 11, 25)
    calendar = WorkingCalendar({election: Override(True, "Pemungutan suara")})
    assert NATIONAL.is_working(election)
    assert not calendar.is_working(election)
    closure = calendar.closure(election)
    assert closure is not None
    assert closure.reason == "Pemungutan suara"
    assert calendar.add(date(2026, 11, 24), 1) == date(2026, 11, 26)


def test_an_override_makes_a_saturday_a_working_day() -> None:
    saturday = date(2026, 11, 21)
    calendar = WorkingCalendar({saturday: Override(False, "Pengganti")})
    assert calendar.add(date(2026, 11, 20), 1) == saturday


def test_an_office_of_six_days_works_on_saturdays() -> None:
    six = WorkingCalendar(weekdays=frozenset(range(6)))
    assert six.add(date(2026, 11, 20), 1) == date(2026, 11, 21)
    assert not six.is_working(date(2026, 3, 21))


@pytest.mark.parametrize("weekdays", [frozenset[int](), frozenset({7}), frozenset({-1})])
def test_a_week_that_is_none_is_refused(weekdays: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="one working weekday or more"):
        WorkingCalendar(weekdays=weekdays)


@pytest.mark.parametrize(
    ("day", "amount", "expected"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 11, 16), 3, date(2026, 11, 19)),
        # Nyepi, Eid and their joint leave close the five weekdays from Wednesday, 18 March, to Tuesday, 24 March.
        (date(2026, 3, 17), 1, date(2026, 3, 25)),
        (date(2026, 12, 23), 1, date(2026, 12, 28)),
        (date(2025, 12, 31), 1, date(2026, 1, 2)),
        (date(2025, 12, 1), 60, date(2026, 3, 3)),
    ],
)
def test_adding_working_days(day: date, amount: int, expected: date) -> None:
    assert NATIONAL.add(day, amount) == expected


def test_adding_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        NATIONAL.add(date(2026, 1, 5), 0)


def test_the_first_working_day_from_a_day_on() -> None:
    assert NATIONAL.on_or_after(date(2026, 11, 20)) == date(2026, 11, 20)
    assert NATIONAL.on_or_after(date(2026, 1, 1)) == date(2026, 1, 2)


@given(DAYS, st.integers(1, 400))
def test_adding_equals_stepping_day_by_day(day: date, amount: int) -> None:
    stepped, left = day, amount
    while left:
        stepped += timedelta(days=1)
        left -= NATIONAL.is_working(stepped)
    assert NATIONAL.add(day, amount) == stepped
    assert NATIONAL.between(day, stepped) == amount


@given(DAYS, DAYS)
def test_between_counts_nothing_backwards(first: date, last: date) -> None:
    days = [first + timedelta(days=offset) for offset in range(1, (last - first).days + 1)]
    assert NATIONAL.between(first, last) == sum(map(NATIONAL.is_working, days))
