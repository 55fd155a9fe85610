"""The records that complaints cite in other systems: which complaints cite one, and the payments, reports and orders.

Payments are all of the last 180 days, because the provider's history keeps no more (contract
gopay#history-list): an older complaint can only cite a tax or a ticket paid later in the course of the matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hub.complaints.enums import Channel
from hub.complaints.enums import ComplaintStatus as Status
from hub.demo.dice import Dice
from hub.demo.months import JAKARTA
from hub.demo.places import Corridor
from hub.demo.shapes import CitedOrder, CitedPayment, CitedReport

PAYMENT_DAYS = 180
_REPORT_EVERY, _PAYMENT_EVERY, _ORDER_EVERY = 11, 10, 60
# Of ten complaints an officer sees first (in progress, by WhatsApp), these cite a report or a payment.
_SHOWN_REPORT, _SHOWN_PAYMENT = {0, 2, 4, 7}, {0, 1, 4, 5, 7}
_OUT_OF_STEP = 0.125
_MERCHANTS = {"TRANSJATENG": "TJ", "TRANSSEMARANG": "TS", "BAPENDA": "PJ", "LOKET": "LK"}
_IN_STEP: dict[Status, tuple[str, ...]] = {
    Status.RECEIVED: ("UNVERIFIED", "VERIFIED"),
    Status.VERIFIED: ("VERIFIED",),
    Status.ASSIGNED: ("DISPOSED",),
    Status.IN_PROGRESS: ("IN_PROGRESS",),
    Status.ANSWERED: ("FOLLOWED_UP",),
    Status.CLOSED: ("CLOSED",),
    Status.RETURNED: ("POSTPONED", "IN_PROGRESS"),
    Status.REJECTED: ("REJECTED", "TRANSFERRED"),
}
_ALL = ("UNVERIFIED", "VERIFIED", "DISPOSED", "IN_PROGRESS", "FOLLOWED_UP", "POSTPONED", "TRANSFERRED", "CLOSED")


@dataclass(frozen=True, slots=True)
class Plan:
    """The indexes of complaints that cite a report, a payment or an order; the first ``old`` are too old for a fare."""

    old: int
    report: set[int]
    payment: set[int]
    order: set[int]

    def recent(self, index: int) -> bool:
        """Return whether a payment made before this complaint is still in the provider's history."""
        return index >= self.old


def plan(channels: Sequence[str], statuses: Sequence[Status], old: int, rng: Dice) -> Plan:
    """Spread the citations so that every hundred complaints have some."""
    fit = [index for index, status in enumerate(statuses) if status is not Status.REJECTED]
    shown = [i for i in reversed(fit) if statuses[i] is Status.IN_PROGRESS and channels[i] == Channel.WHATSAPP]
    report = _spread(fit, _REPORT_EVERY, rng)
    report.update(index for index, channel in enumerate(channels) if channel == Channel.LAPOR)
    report.update(index for place, index in enumerate(shown) if place % 10 in _SHOWN_REPORT)
    payment = _spread(fit, _PAYMENT_EVERY, rng)
    payment.update(index for index in fit if index >= old and channels[index] == Channel.GOJEK and rng.random() < 0.8)
    payment.update(index for place, index in enumerate(shown) if place % 10 in _SHOWN_PAYMENT)
    order = _spread([index for index in fit if index not in payment], _ORDER_EVERY, rng)
    return Plan(old, report, payment, order)


def _spread(fit: Sequence[int], every: int, rng: Dice) -> set[int]:
    """Return one index out of each ``every`` neighbours."""
    return {rng.pick(fit[start : start + every]) for start in range(0, len(fit), every)}


def payment_kind(recent: bool, rng: Dice) -> str:
    """Return FARE for most of the recent complaints, TAX or TICKET otherwise."""
    if recent and rng.random() < 0.75:
        return "FARE"
    return "TAX" if rng.random() < 0.7 else "TICKET"


def payment(
    kind: str, number: int, received: datetime, now: datetime, corridor: Corridor | None, rng: Dice
) -> CitedPayment:
    """Return the payment of complaint ``number``; paid before a recent complaint, after an old one."""
    merchant = corridor.merchant if corridor else "BAPENDA" if kind == "TAX" else "LOKET"
    at = _paid_at(kind, received, now, rng).replace(microsecond=0)
    reference = f"{_MERCHANTS[merchant]}-{at.astimezone(JAKARTA).year}-{number * 4 + rng.randrange(4):07}"
    return CitedPayment(reference, kind, merchant, at, _amount(kind, rng), corridor.code if corridor else None)


def _paid_at(kind: str, received: datetime, now: datetime, rng: Dice) -> datetime:
    oldest = now - timedelta(days=PAYMENT_DAYS)
    if kind == "FARE":
        return _riding_time(received - timedelta(minutes=rng.uniform(8, 360)))
    if (before := received - timedelta(days=rng.uniform(0.1, 9))) > oldest:
        return before
    start = max(oldest, received)
    return start + min(timedelta(days=90), (now - start) * 0.8) * (0.01 + 0.99 * rng.random())


def _riding_time(at: datetime) -> datetime:
    """Return ``at``, or the evening before if no bus runs then: 21:00 to 05:00 in Jakarta, 14:00 to 22:00 UTC."""
    return at.replace(hour=13) if 14 <= at.hour < 22 else at


def _amount(kind: str, rng: Dice) -> Decimal:
    if kind == "FARE":
        return Decimal(rng.pick((4000, 4000, 2000)))
    if kind == "TAX":
        return Decimal(rng.randrange(180, 4_800) * 500 + 90_000)
    return Decimal(rng.pick((10_000, 15_000, 20_000, 25_000, 50_000)) * rng.randint(1, 5))


def report(
    number: int, status: Status, from_centre: bool, received: datetime, last: datetime, now: datetime, rng: Dice
) -> CitedReport:
    """Return the report about the same matter: made before a complaint the centre passed on, else soon after it."""
    hours = timedelta(hours=rng.uniform(0.2, 20))
    created = received - hours if from_centre else min(received + hours, received + (now - received) * 0.5)
    updated = min(max(created, last) + timedelta(minutes=rng.uniform(1, 600)), now)
    in_step = _IN_STEP[status]
    report_status = rng.pick([one for one in _ALL if one not in in_step] if rng.random() < _OUT_OF_STEP else in_step)
    return CitedReport(
        4_400_000 + number * 3 + rng.randrange(3),
        str(7_210_000 + number * 5 + rng.randrange(5)),
        created.replace(microsecond=0),
        max(created, updated).replace(microsecond=0),
        report_status,
    )


def order(number: int, agency_code: str, received: datetime, rng: Dice) -> CitedOrder:
    """Return an order of that agency, placed some weeks before the complaint."""
    at = (received - timedelta(days=rng.uniform(5, 60))).replace(microsecond=0)
    return CitedOrder(f"TD-{at.astimezone(JAKARTA):%y%m%d}-{number:05}", agency_code, at)
