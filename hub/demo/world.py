"""The demo world: a year of complaints that ends today, and what they cite in the other systems.

Deterministic from ``SEED`` and the day, so that the complaint service's demo data and each
sandbox, in processes of their own, agree without talking. Everybody in it is invented: NIK begin
with 3399 (no such region), mail is under ``.example``. The present of the world is the first
moment of the day in Jakarta; nothing in it is later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from hub.complaints.agencies import AGENCIES
from hub.complaints.codes import Channel
from hub.complaints.codes import ComplaintStatus as Status
from hub.demo import citations, places
from hub.demo.course import course
from hub.demo.fates import fates
from hub.demo.months import JAKARTA, arrivals, first_day, now
from hub.demo.people import people
from hub.demo.shapes import CitedOrder, CitedPayment, CitedReport, DemoComplaint, Person, Step
from hub.demo.topics import Topic, shelves

__all__ = ["SEED", "CitedOrder", "CitedPayment", "CitedReport", "DemoComplaint", "Person", "Step", "complaints"]

SEED = 33
_CHANNELS: dict[Channel, float] = {
    Channel.WHATSAPP: 34,
    Channel.WEB: 21,
    Channel.MOBILE_APP: 14,
    Channel.INSTAGRAM: 7,
    Channel.SMS: 6,
    Channel.X: 5,
    Channel.FACEBOOK: 4.5,
    Channel.GOJEK: 3,
    Channel.HOTLINE: 2.5,
    Channel.LAPOR: 2.5,
    Channel.YOUTUBE: 0.5,
}


@cache
def complaints(today: date, count: int = 22_980, seed: int = SEED) -> tuple[DemoComplaint, ...]:
    """The year's complaints, oldest first; the same for every process that asks on the same day."""
    rng = Random(f"{seed} {today}")
    received = arrivals(today, count, rng)
    year = _Year(today, received, rng)
    return tuple(year.complaint(index) for index in range(count))


class _Year:
    """What is drawn for all complaints at once, and how one of them is put together."""

    def __init__(self, today: date, received: list[datetime], rng: Random) -> None:
        count = len(received)
        self.rng, self.received, self.now = rng, received, now(today)
        self.tickets = _tickets(today, received, rng)
        self.statuses = fates(received, self.now, rng)
        self.channels = rng.choices(list(_CHANNELS), list(_CHANNELS.values()), k=count)
        self.old = bisect_left(received, self.now - timedelta(days=citations.PAYMENT_DAYS - 1))
        self.plan = citations.plan(self.channels, self.statuses, self.old, rng)
        self.areas = places.areas(count, rng)
        self.people = people(max(1, count * 2 // 3), rng)
        self.agencies = {
            agency.code: agency.name
            for agency in AGENCIES
            if agency.valid_from <= today and (agency.valid_to is None or today < agency.valid_to)
        }
        self.codes = tuple(self.agencies)

    def complaint(self, index: int) -> DemoComplaint:
        """The complaint at ``index``; called once for each, in order."""
        rng, received, status = self.rng, self.received[index], self.statuses[index]
        area, channel, number = self.areas[index], self.channels[index], index + 1
        payment, corridor = self._payment(index)
        topic = self._topic(index, payment)
        if corridor:
            area = rng.choice(corridor.areas)
        agency = rng.choice(self.codes) if topic.agencies == ("*",) else rng.choice(topic.agencies)
        order = citations.order(number, agency, received, rng) if index in self.plan.order else None
        steps = course(status, received, self.now, rng, not_before=payment.paid_at if payment else None)
        title, text = topic.words(self._facts(area, agency, payment, corridor, order), rng)
        latitude, longitude = places.point(area, rng) if rng.random() < 0.3 else (None, None)
        report = self._report(index, steps[-1].at)
        return DemoComplaint(
            number=number,
            ticket=self.tickets[index],
            channel=channel.value,
            klass=topic.klass,
            inspection=rng.random() < topic.inspection,
            category=topic.category,
            title=title,
            text=text,
            area_code=area,
            latitude=latitude,
            longitude=longitude,
            agency_code=agency if any(step.status == Status.ASSIGNED for step in steps) else None,
            reporter=rng.choice(self.people),
            anonymous=rng.random() < 0.08,
            secret=rng.random() < 0.03,
            steps=steps,
            rating=_rating(status, rng),
            payment=payment,
            report=report,
            order=order,
        )

    def _payment(self, index: int) -> tuple[CitedPayment | None, places.Corridor | None]:
        if index not in self.plan.payment:
            return None, None
        kind = citations.payment_kind(index, self.old, self.rng)
        corridor = self.rng.choice(places.CORRIDORS) if kind == "FARE" else None
        return citations.payment(kind, index + 1, self.received[index], self.now, corridor, self.rng), corridor

    def _report(self, index: int, last: datetime) -> CitedReport | None:
        if index not in self.plan.report:
            return None
        from_centre = self.channels[index] == Channel.LAPOR
        return citations.report(
            index + 1, self.statuses[index], from_centre, self.received[index], last, self.now, self.rng
        )

    def _topic(self, index: int, payment: CitedPayment | None) -> Topic:
        cites = payment.paid_for if payment else "ORDER" if index in self.plan.order else None
        return shelves()[cites].draw(self.rng)

    def _facts(
        self,
        area: str,
        agency: str,
        payment: CitedPayment | None,
        corridor: places.Corridor | None,
        order: CitedOrder | None,
    ) -> dict[str, str]:
        facts = {
            "area": places.NAMES[area],
            "place": self.rng.choice(places.SPOTS),
            "agency": self.agencies[agency],
        }
        if payment:
            facts |= {"amount": f"{payment.amount:,}".replace(",", "."), "reference": payment.reference}
        if corridor:
            facts |= {
                "bus": "Trans Jateng" if corridor.merchant == "TRANSJATENG" else "Trans Semarang",
                "corridor": corridor.code,
                "route": corridor.route,
                "stop": self.rng.choice(corridor.stops),
            }
        if order:
            facts["order"] = order.order_id
        return facts


def _tickets(today: date, received: Sequence[datetime], rng: Random) -> list[str]:
    """Numbered by calendar year of receipt; the first year goes on where the part of it before ours left off."""
    start = first_day(today)
    before = (start - date(start.year, 1, 1)).days
    number = round(len(received) * before / 366 * rng.uniform(0.9, 1.0))
    year, tickets = start.year, []
    for at in received:
        if (this := at.astimezone(JAKARTA).year) != year:
            year, number = this, 0
        number += 1
        tickets.append(f"LG-{year}-{number:06}")
    return tickets


def _rating(status: Status, rng: Random) -> int | None:
    if status is not Status.CLOSED or rng.random() > 0.22:
        return None
    return rng.choices((1, 2, 3, 4, 5), (8, 9, 19, 36, 28))[0]
