"""A system's clock, read from its responses, and cursors that stay within it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.http_client.source_clock import MARGIN, SourceClock, cursor_time, resume_time

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clock(offset: timedelta | None) -> SourceClock:
    made = SourceClock()
    made.offset = offset
    return made


@pytest.mark.parametrize(
    ("date", "offset"),
    [
        ("Sat, 28 Nov 2026 12:00:00 GMT", timedelta()),
        ("Sat, 28 Nov 2026 13:00:00 GMT", HOUR),
        ("Sat, 28 Nov 2026 11:00:00 GMT", -HOUR),
        ("Sat, 28 Nov 2026 12:00:00 GMT, Sat, 28 Nov 2026 13:00:00 GMT", HOUR),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_an_answer_shows_how_far_the_clock_is_ahead(date: str | None, offset: timedelta | None) -> None:
    seen = SourceClock()
    seen.note(date, NOW, NOW + timedelta(seconds=1))
    assert seen.offset == offset
    assert seen.now(NOW) == NOW + (offset or timedelta())


@pytest.mark.parametrize("offset", [None, timedelta(), HOUR])
def test_a_cursor_never_passes_our_clock(offset: timedelta | None) -> None:
    assert cursor_time(NOW + timedelta(days=1), NOW, clock(offset)) == NOW - MARGIN
    assert cursor_time(NOW - HOUR, NOW, clock(offset)) == NOW - HOUR


def test_a_cursor_never_passes_a_slow_systems_clock() -> None:
    assert cursor_time(NOW, NOW, clock(-HOUR)) == NOW - HOUR - MARGIN


@pytest.mark.parametrize(
    ("then", "now", "back"),
    [
        (0.0, timedelta(), timedelta()),
        (0.0, -HOUR, HOUR),
        (3600.0, timedelta(), HOUR),
        (-3600.0, timedelta(), timedelta()),
        (None, -HOUR, timedelta()),
        (0.0, None, timedelta()),
    ],
)
def test_a_run_begins_as_much_earlier_as_the_clock_was_set_back(
    then: float | None, now: timedelta | None, back: timedelta
) -> None:
    assert resume_time(NOW, then, clock(now)) == NOW - back
