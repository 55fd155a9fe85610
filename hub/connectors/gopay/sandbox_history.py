"""Half a year of payments as the sandbox lists them: by time, with a little of the dirt that real lists have.

Every day comes from its own date, so that the sandbox of tomorrow tells the same of yesterday.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from hub.connectors.gopay.sandbox_payments import Held, cited, invented
from hub.connectors.gopay.signing import JAKARTA
from hub.demo.world import SEED, CitedPayment, complaints

TOTAL, DAYS = 50_000, 183
_HOURS = (0, 0, 0, 0, 1, 14, 30, 28, 16, 11, 10, 10, 12, 11, 11, 14, 24, 30, 22, 12, 7, 3, 0, 0)
_HOUR_POOL = tuple(hour for hour, share in enumerate(_HOURS) for _ in range(share))

Line = tuple[float, int, Held, str | None]
"""A line of the list: when it is told (epoch seconds), its number, the payment, the older word on it if it has one."""


class History:
    """The list in the order it is told in, found by time; some payments stand in it twice."""

    def __init__(self, payments: Iterable[Held]) -> None:
        self._lines: list[Line] = [(held.at.timestamp(), number, held, None) for number, held in enumerate(payments)]
        self._lines.sort(key=_place)
        self._next = len(self._lines)
        self.payments = {line[2].reference: line[2] for line in self._lines}

    def __len__(self) -> int:
        return len(self._lines)

    def of_partner(self, reference: object) -> Held | None:
        """The payment with this partnerReferenceNo."""
        return next((held for held in self.payments.values() if held.partner == reference), None)

    def between(self, start: datetime, end: datetime) -> tuple[int, int]:
        """The places of the first line from ``start`` and of the first after ``end``."""
        first = bisect_left(self._lines, start.timestamp(), key=_when)
        return first, bisect_right(self._lines, end.timestamp(), key=_when)

    def held(self, place: int) -> Held:
        """The payment of the line at ``place``, or of the last one."""
        return self._lines[min(place, len(self._lines) - 1)][2]

    def items(self, first: int, beyond: int, partner: object = None) -> list[dict[str, Any]]:
        """The lines from ``first`` to before ``beyond`` as JSON, all or those of one partnerReferenceNo."""
        lines = self._lines[first:beyond]
        return [held.item(said) for _, _, held, said in lines if partner in (None, held.partner)]

    def add(self, held: Held) -> None:
        """One more payment; everything later in the list moves on by one."""
        self.payments[held.reference] = held
        self._insert(held.at.timestamp(), held, None)

    def again(self, held: Held, place: int, said: str | None = None) -> None:
        """Tell of ``held`` once more where the line at ``place`` stands, or at the end of the list."""
        self._insert(_when(self._lines[min(place, len(self._lines) - 1)]), held, said)

    def _insert(self, when: float, held: Held, said: str | None) -> None:
        insort(self._lines, (when, self._next, held, said), key=_place)
        self._next += 1


def _when(line: Line) -> float:
    return line[0]


def _place(line: Line) -> tuple[float, int]:
    return line[:2]


def half_year(today: date) -> History:
    """``TOTAL`` payments of the ``DAYS`` days before ``today``, those that the demo complaints cite among them."""
    by_day: dict[date, list[CitedPayment]] = defaultdict(list)
    for complaint in complaints(today):
        if payment := complaint.payment:
            by_day[payment.paid_at.astimezone(JAKARTA).date()].append(payment)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    history = History(held for day in days for held in _day(day, by_day[day], day == days[-1]))
    for day in days:
        _dirt(history, day)
    return history


def quota(day: date) -> int:
    """How many payments a day has; any ``DAYS`` days in a row have ``TOTAL``."""
    number = day.toordinal()
    return (number + 1) * TOTAL // DAYS - number * TOTAL // DAYS


def _day(day: date, payments: list[CitedPayment], latest: bool) -> Iterator[Held]:
    rng = Random(f"gopay {SEED} cited {day}")
    yield from (cited(payment, rng) for payment in payments)
    rng, late = Random(f"gopay {SEED} {day}"), Random(f"gopay {SEED} late {day}")
    start = datetime.combine(day, time(), JAKARTA)
    for number in range(quota(day) - len(payments)):
        at = start + timedelta(hours=rng.choice(_HOUR_POOL), seconds=rng.randrange(3600))
        held = invented(at, f"{number:05}", rng)
        if number == 0 and day.toordinal() % 30 == 0:
            held.status = "DISPUTED"
        elif latest and late.random() < 0.04:
            held.status = late.choice(("INIT", "PENDING"))
        yield held


def _dirt(history: History, day: date) -> None:
    """On some days a payment stands on two pages; on some an older word on one comes after the newer."""
    start = datetime.combine(day, time(), JAKARTA)
    first, _ = history.between(start, start)
    if day.toordinal() % 5 == 0:
        history.again(history.held(first + 10), first + 60)
    if day.toordinal() % 7 == 0:
        history.again(history.held(first + 20), first + 90, "INIT")
