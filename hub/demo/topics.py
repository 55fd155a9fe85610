"""What demo complaints are about: the topics of ``texts/``, on shelves by what they can be drawn for.

How often a category comes up is said in ``hub.complaints.categories``; within it, ``weight`` says it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

from hub.complaints.categories import BY_CODE
from hub.demo.dice import Dice

GENERAL, RIDE, ORDER, REFUSED = "GENERAL", "RIDE", "ORDER", "REFUSED"
"""Shelves besides those named by what was paid (FARE, TAX, TICKET, and TAX_LATER, TICKET_LATER)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter people complain about; titles and texts have names in braces for the facts.

    ``agencies`` are those who may have to answer, empty for any; ``klass`` is a value of ``ComplaintClass``;
    ``inspection`` is the share that needs a look on the spot; ``refusal`` is a value of ``RejectReason``.
    """

    category: str
    agencies: tuple[str, ...]
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    klass: str
    inspection: float
    refusal: str | None
    by_bus: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Topics with their running weights."""

    topics: tuple[Topic, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Dice) -> Topic:
        """One topic, the weighty ones more often."""
        return rng.choices(self.topics, cum_weights=self.weights)[0]


@dataclass(frozen=True, slots=True)
class Phrases:
    """What goes around a matter: how people begin and end, for how long it lasts, what is noted at a step."""

    openings: tuple[str, ...]
    since: tuple[str, ...]
    closings: dict[str, tuple[str, ...]]
    notes: dict[str, tuple[str, ...]]


@cache
def phrases() -> Phrases:
    """The phrases of ``texts/phrases.toml``."""
    told = _read("phrases")
    return Phrases(tuple(told["openings"]), tuple(told["since"]), _tuples(told["closings"]), _tuples(told["notes"]))


@cache
def shelves() -> dict[str, Shelf]:
    """Every shelf by its name."""
    rows = [*_read("matters")["topic"], *_read("cited")["topic"]]
    return {name: _shelf(rows, name) for name in {name for row in rows for name in _shelves_of(row)}}


def words(topic: Topic, facts: Mapping[str, str], rng: Dice) -> tuple[str, str]:
    """A title and a text about the topic with the facts in their places."""
    title, matter = rng.pick(topic.titles), rng.pick(topic.texts)
    if topic.refusal:
        return title.format_map(facts), matter.format_map(facts)
    said = phrases()
    closings = said.closings["INSPECTION" if topic.inspection else topic.klass]
    text = f"{rng.pick(said.openings)} {matter} {rng.pick(closings)}"
    return title.format_map(facts), text.strip().format_map(facts)


def _shelf(rows: Sequence[dict[str, Any]], name: str) -> Shelf:
    """A category weighs on its shelf what it weighs among all, however many topics it has there."""
    here = [row for row in rows if name in _shelves_of(row)]
    total: Counter[str] = Counter()
    for row in here:
        total[row["category"]] += row.get("weight", 1)
    shares = (BY_CODE[row["category"]].weight * row.get("weight", 1) / total[row["category"]] for row in here)
    return Shelf(tuple(_topic(row) for row in here), tuple(accumulate(shares)))


def _topic(row: dict[str, Any]) -> Topic:
    agencies = row.get("agencies", [BY_CODE[row["category"]].agency_code])
    return Topic(
        category=row["category"],
        agencies=() if agencies == ["*"] else tuple(agencies),
        titles=tuple(row["titles"]),
        texts=tuple(row["texts"]),
        klass=row.get("class", "COMPLAINT"),
        inspection=row.get("inspection", 0.0),
        refusal=row.get("refusal"),
        by_bus=any("{corridor}" in told or "{stop}" in told for told in (*row["titles"], *row["texts"])),
    )


def _shelves_of(row: dict[str, Any]) -> Sequence[str]:
    shelves: Sequence[str] = row.get("shelves", (GENERAL,))
    return shelves


def _tuples(told: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in told.items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("hub.demo").joinpath("texts", f"{name}.toml").read_text("utf-8"))
