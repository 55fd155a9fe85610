"""Half a year of payments as the sandbox lists them: by time, with some irregularities of real lists.

The payments of a day depend on its date only, so that the list of a past day is the same tomorrow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from hub.connectors.gopay.sandbox.payments import StoredPayment, cited, invented
from hub.connectors.gopay.signing import JAKARTA
from hub.demo.world import SEED, CitedPayment, DemoWorld

DAYS = 183
SIZE = 50_000
"""How many payments of ``DAYS`` days the sandbox has by default."""
_HOURS = (0, 0, 0, 0, 1, 14, 30, 28, 16, 11, 10, 10, 12, 11, 11, 14, 24, 30, 22, 12, 7, 3, 0, 0)
_HOUR_POOL = tuple(hour for hour, share in enumerate(_HOURS) for _ in range(share))

Line = tuple[float, int, StoredPayment, str | None]
"""A line of the list: its time (epoch seconds), its number, the payment, and an older status if it shows one."""


class History:
    """The list in its order, searched by time; some payments occur twice."""

    def __init__(self, payments: Iterable[StoredPayment]) -> None:
        numbered = enumerate(payments)
        self._lines: list[Line] = [(each.at.timestamp(), number, each, None) for number, each in numbered]
        self._lines.sort(key=_place)
        self._next = len(self._lines)
        self.payments = {line[2].reference: line[2] for line in self._lines}

    def __len__(self) -> int:
        return len(self._lines)

    def by_partner_reference(self, reference: object) -> StoredPayment | None:
        """Return the payment with this partnerReferenceNo."""
        return next((payment for payment in self.payments.values() if payment.partner == reference), None)

    def between(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return the places of the first line from ``start`` and of the first after ``end``."""
        first = bisect_left(self._lines, start.timestamp(), key=_when)
        return first, bisect_right(self._lines, end.timestamp(), key=_when)

    def payment_at(self, place: int) -> StoredPayment:
        """Return the payment of the line at ``place``, or of the last one."""
        return self._lines[min(place, len(self._lines) - 1)][2]

    def items(self, first: int, beyond: int, partner: object = None) -> list[dict[str, Any]]:
        """Return the lines from ``first`` to before ``beyond`` as JSON, all or those of one partnerReferenceNo."""
        lines = self._lines[first:beyond]
        return [payment.item(status) for _, _, payment, status in lines if partner in (None, payment.partner)]

    def add(self, payment: StoredPayment) -> None:
        """Add a payment; everything later in the list moves on by one."""
        self.payments[payment.reference] = payment
        self._insert(payment.at.timestamp(), payment, None)

    def repeat(self, payment: StoredPayment, place: int, status: str | None = None) -> None:
        """Add a second line of ``payment`` at the line at ``place``, or at the end of the list."""
        self._insert(_when(self._lines[min(place, len(self._lines) - 1)]), payment, status)

    def _insert(self, when: float, payment: StoredPayment, status: str | None) -> None:
        insort(self._lines, (when, self._next, payment, status), key=_place)
        self._next += 1


def _when(line: Line) -> float:
    return line[0]


def _place(line: Line) -> tuple[float, int]:
    return line[:2]


def half_year(world: DemoWorld, size: int = SIZE) -> History:
    """Return ``size`` payments of the last ``DAYS`` days of ``world``, including those that its complaints cite."""
    by_day: dict[date, list[CitedPayment]] = defaultdict(list)
    for complaint in world.citing:
        if payment := complaint.payment:
            by_day[payment.paid_at.astimezone(JAKARTA).date()].append(payment)
    days = [world.today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    history = History(made for day in days for made in _day(day, by_day[day], quota(day, size), latest=day == days[-1]))
    for day in days:
        _dirt(history, day)
    return history


def quota(day: date, size: int = SIZE) -> int:
    """Return how many payments a day has; any ``DAYS`` days in a row have ``size``."""
    number = day.toordinal()
    return (number + 1) * size // DAYS - number * size // DAYS


def _day(day: date, payments: list[CitedPayment], count: int, *, latest: bool) -> Iterator[StoredPayment]:
    rng = Random(f"gopay {SEED} cited {day}")
    yield from (cited(payment, rng) for payment in payments)
    rng, late = Random(f"gopay {SEED} {day}"), Random(f"gopay {SEED} late {day}")
    start = datetime.combine(day, time(), JAKARTA)
    for number in range(count - len(payments)):
        at = start + timedelta(hours=rng.choice(_HOUR_POOL), seconds=rng.randrange(3600))
        made = invented(at, f"{number:05}", rng)
        if number == 0 and day.toordinal() % 30 == 0:
            made.status = "DISPUTED"
        elif latest and late.random() < 0.04:
            made.status = late.choice(("INIT", "PENDING"))
        yield made


def _dirt(history: History, day: date) -> None:
    """Add repeated payments on some days, and older states after newer ones on others."""
    start = datetime.combine(day, time(), JAKARTA)
    first, _ = history.between(start, start)
    if day.toordinal() % 5 == 0:
        history.repeat(history.payment_at(first + 10), first + 60)
    if day.toordinal() % 7 == 0:
        history.repeat(history.payment_at(first + 20), first + 90, "INIT")
