"""The demo world: a year of complaints that ends today, and the records that they cite in other systems.

Deterministic from ``SEED`` and the day, so that the complaint service's demo data and each
sandbox, in processes of their own, agree without talking. Everybody in it is invented: NIK begin
with 3399 (no such region), mail is under ``.example``. The present of the world is the first
moment of the day in Jakarta; nothing in it is later. ``hub.demo.statuses`` has the numbers of
complaints by status, ``hub.demo.citations`` what they cite.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, cached_property, partial
from threading import Lock

from hub.complaints.agencies import AGENCIES
from hub.complaints.enums import Channel
from hub.complaints.enums import ComplaintStatus as Status
from hub.demo import citations, places
from hub.demo.course import course
from hub.demo.dice import SEED, Dice
from hub.demo.matter import Matter, Scene
from hub.demo.months import JAKARTA, YEAR, arrivals, first_day, now
from hub.demo.people import people
from hub.demo.shapes import CitedOrder, CitedPayment, CitedReport, DemoComplaint, Person, Step
from hub.demo.statuses import statuses
from hub.demo.topics import title_and_text

__all__ = [
    "SEED",
    "CitedOrder",
    "CitedPayment",
    "CitedReport",
    "DemoComplaint",
    "DemoWorld",
    "Person",
    "Step",
    "complaints",
]

_CHANNELS: dict[str, float] = {
    Channel.WHATSAPP.value: 34,
    Channel.WEB.value: 21,
    Channel.MOBILE_APP.value: 14,
    Channel.INSTAGRAM.value: 7,
    Channel.SMS.value: 6,
    Channel.X.value: 5,
    Channel.FACEBOOK.value: 4.5,
    Channel.GOJEK.value: 3,
    Channel.HOTLINE.value: 2.5,
    Channel.LAPOR.value: 2.5,
    Channel.YOUTUBE.value: 0.5,
}
_ANONYMOUS, _SECRET, _LOCATED, _RATED = 0.08, 0.03, 0.3, 0.22


_working = Lock()


def complaints(today: date, count: int = YEAR, seed: int = SEED) -> tuple[DemoComplaint, ...]:
    """Return the year's complaints, oldest first; every process gets the same on the same day."""
    # Of several threads one computes them, and the others wait for it.
    with _working:
        return _complaints(today, count, seed)


@cache
def _complaints(today: date, count: int, seed: int) -> tuple[DemoComplaint, ...]:
    rng = Dice(f"{seed} {today}")
    year = _Year(today, arrivals(today, count, rng), rng)
    return tuple(year.complaint(index) for index in range(count))


class DemoWorld:
    """The part of the demo world for sandboxes: the day it ends, and the complaints that cite other systems.

    ``citing`` is computed from ``today`` and ``count`` at its first use unless it is passed in.
    """

    def __init__(self, today: date, count: int = YEAR, citing: tuple[DemoComplaint, ...] | None = None) -> None:
        self.today, self.count = today, count
        if citing is not None:
            self.citing = citing

    @cached_property
    def citing(self) -> tuple[DemoComplaint, ...]:
        """The complaints that cite a payment, a report or an order, oldest first."""
        found = complaints(self.today, self.count)
        return tuple(each for each in found if each.payment or each.report or each.order)


class _Year:
    """The random values of all complaints, from which each complaint is composed."""

    def __init__(self, today: date, received: list[datetime], rng: Dice) -> None:
        count = len(received)
        self.rng, self.received, self.now = rng, received, now(today)
        self.tickets = _tickets(today, received, rng)
        self.statuses = statuses(received, self.now, rng)
        self.channels = rng.choices(list(_CHANNELS), list(_CHANNELS.values()), k=count)
        self.areas = places.areas(count, rng)
        self.people = people(count * 2 // 3 + 1, rng)
        old = bisect_left(received, self.now - timedelta(days=citations.PAYMENT_DAYS - 1))
        self.plan = citations.plan(self.channels, self.statuses, old, rng)
        self.scene = Scene({agency.code: agency.name for agency in AGENCIES if agency.in_office(today)}, self.now, rng)

    def complaint(self, index: int) -> DemoComplaint:
        """Return the complaint at ``index``; call it once for each, in order."""
        rng, received, status, matter = self.rng, self.received[index], self.statuses[index], self._matter(index)
        steps = course(status, received, self.now, partial(self.scene.note, matter), matter.topic.refusal, rng)
        if matter.payment and status in (Status.ANSWERED, Status.CLOSED):
            steps = self.scene.settled(steps, matter.payment.paid_at)
        title, text = title_and_text(matter.topic, matter.facts, rng)
        latitude, longitude = places.point(matter.area_code, rng) if rng.random() < _LOCATED else (None, None)
        return DemoComplaint(
            number=index + 1,
            ticket=self.tickets[index],
            channel=self.channels[index],
            klass=matter.topic.klass,
            inspection=rng.random() < matter.topic.inspection,
            category=matter.topic.category,
            title=title,
            text=text,
            area_code=matter.area_code,
            latitude=latitude,
            longitude=longitude,
            agency_code=matter.agency_code if any(step.status == Status.ASSIGNED for step in steps) else None,
            reporter=rng.pick(self.people),
            anonymous=rng.random() < _ANONYMOUS,
            secret=rng.random() < _SECRET,
            steps=steps,
            rating=_rating(rng) if status is Status.CLOSED and rng.random() < _RATED else None,
            payment=matter.payment,
            report=self._report(index, steps[-1].at) if index in self.plan.report else None,
            order=matter.order,
        )

    def _matter(self, index: int) -> Matter:
        number, received, area = index + 1, self.received[index], self.areas[index]
        if index in self.plan.payment:
            return self.scene.paid(number, received, area, self.plan.recent(index))
        if index in self.plan.order:
            return self.scene.ordered(number, received, area)
        if self.statuses[index] is Status.REJECTED:
            return self.scene.refused(area)
        return self.scene.plain(area, by_bus=self.channels[index] == Channel.GOJEK)

    def _report(self, index: int, last: datetime) -> CitedReport:
        passed_on = self.channels[index] == Channel.LAPOR
        return citations.report(
            index + 1, self.statuses[index], passed_on, self.received[index], last, self.now, self.rng
        )


def _tickets(today: date, received: Sequence[datetime], rng: Dice) -> list[str]:
    """Return tickets numbered by calendar year of receipt; the first year begins after its earlier part."""
    start = first_day(today)
    before = (start - date(start.year, 1, 1)).days
    year, number = start.year, round(len(received) * before / 366 * rng.uniform(0.9, 1.0))
    tickets = []
    for at in received:
        if (this := at.astimezone(JAKARTA).year) != year:
            year, number = this, 0
        number += 1
        tickets.append(f"LG-{year}-{number:06}")
    return tickets


def _rating(rng: Dice) -> int:
    return rng.choices((1, 2, 3, 4, 5), (8, 9, 19, 36, 28))[0]
