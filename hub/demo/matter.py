"""The matter of a demo complaint: topic, place, agency, and the payment or order that it cites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle

from hub.demo import citations, places
from hub.demo.course import office_time
from hub.demo.dice import Dice
from hub.demo.shapes import CitedOrder, CitedPayment, Step
from hub.demo.topics import GENERAL, ORDER, REFUSED, RIDE, Topic, phrases, shelves


@dataclass(frozen=True, slots=True)
class Matter:
    """The matter of one complaint; ``facts`` fill the braces in titles, texts and notes."""

    topic: Topic
    area_code: str
    agency_code: str
    facts: dict[str, str]
    payment: CitedPayment | None = None
    order: CitedOrder | None = None


class Scene:
    """Draws matters for a world in which these agencies (code → name) are in office and it is ``now``."""

    def __init__(self, agencies: dict[str, str], now: datetime, rng: Dice) -> None:
        self.agencies, self.now, self.rng = agencies, now, rng
        # In turn rather than by chance, so that the smallest agency has complaints too.
        self.turns = cycle(agencies)

    def plain(self, area_code: str, *, by_bus: bool) -> Matter:
        """Return a matter that cites nothing; ``by_bus``: about a bus line."""
        return self._matter(shelves()[RIDE if by_bus else GENERAL].draw(self.rng), area_code, None)

    def refused(self, area_code: str) -> Matter:
        """Return a matter that is not taken up."""
        return self._matter(shelves()[REFUSED].draw(self.rng), area_code, None)

    def paid(self, number: int, received: datetime, area_code: str, recent: bool) -> Matter:
        """Return a matter about a payment; one that came later than the complaint is not named in its text."""
        kind = citations.payment_kind(recent, self.rng)
        line = self.rng.pick(places.CORRIDORS) if kind == "FARE" else None
        payment = citations.payment(kind, number, received, self.now, line, self.rng)
        shelf = f"{kind}_LATER" if payment.paid_at > received else kind
        matter = self._matter(shelves()[shelf].draw(self.rng), area_code, line)
        matter.facts.update(amount=f"{payment.amount:,}".replace(",", "."), reference=payment.reference)
        return replace(matter, payment=payment)

    def ordered(self, number: int, received: datetime, area_code: str) -> Matter:
        """Return a matter about an order, of the agency that must answer or for the procurement bureau to explain."""
        matter = self._matter(shelves()[ORDER].draw(self.rng), area_code, None)
        order = citations.order(number, matter.agency_code, received, self.rng)
        matter.facts.update(order=order.order_id)
        return replace(matter, order=order)

    def note(self, matter: Matter, leg: str) -> str:
        """Return the note at a leg of the course."""
        notes = phrases().notes[matter.topic.refusal if leg == "REJECT" and matter.topic.refusal else leg]
        return self.rng.pick(notes).format_map(matter.facts)

    def settled(self, steps: Sequence[Step], paid_at: datetime) -> tuple[Step, ...]:
        """Return the steps with the last one moved after the payment it waited for."""
        *before, last = steps
        if last.at > paid_at:
            return tuple(steps)
        late = paid_at + (self.now - paid_at) * self.rng.uniform(0.05, 0.3)
        working = datetime.fromtimestamp(int(office_time(late.timestamp(), self.rng)), UTC)
        return (*before, replace(last, at=working if working < self.now else late.replace(microsecond=0)))

    def _matter(self, topic: Topic, area_code: str, line: places.Corridor | None) -> Matter:
        rng = self.rng
        if topic.by_bus and line is None:
            line = rng.pick(places.CORRIDORS)
        area = rng.pick(line.areas) if line else area_code
        agency = rng.pick(topic.agencies) if topic.agencies else next(self.turns)
        return Matter(topic, area, agency, self._facts(area, agency, line))

    def _facts(self, area_code: str, agency_code: str, line: places.Corridor | None) -> dict[str, str]:
        facts = {
            "area": places.NAMES[area_code],
            "place": self.rng.pick(places.SPOTS[area_code]),
            "agency": self.agencies[agency_code],
            "since": self.rng.pick(phrases().since),
        }
        if line:
            facts |= {"bus": line.bus, "corridor": line.code, "route": line.route, "stop": self.rng.pick(line.stops)}
        return facts
