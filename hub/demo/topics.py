"""The topics of demo complaints from ``texts/``, on shelves by their use.

``hub.complaints.categories`` has the frequency of a category, and ``weight`` that of a topic within it.
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
    """One topic of complaints; titles and texts have names in braces for the facts.

    ``agencies`` are those that may have to answer, empty for any; ``klass`` is a value of ``ComplaintClass``;
    ``inspection`` is the share that needs a look on the spot; ``refusal`` is a value of ``RejectionReason``.
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
        """Return one topic, by weight."""
        return rng.choices(self.topics, cum_weights=self.weights)[0]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases around a topic: openings, closings, durations, and notes of steps."""

    openings: tuple[str, ...]
    since: tuple[str, ...]
    closings: dict[str, tuple[str, ...]]
    notes: dict[str, tuple[str, ...]]


@cache
def phrases() -> Phrases:
    """Return the phrases of ``texts/phrases.toml``."""
    table = _read("phrases")
    return Phrases(tuple(table["openings"]), tuple(table["since"]), _tuples(table["closings"]), _tuples(table["notes"]))


@cache
def shelves() -> dict[str, Shelf]:
    """Return every shelf by its name."""
    rows = [*_read("matters")["topic"], *_read("cited")["topic"]]
    return {name: _shelf(rows, name) for name in {name for row in rows for name in _shelves_of(row)}}


def title_and_text(topic: Topic, facts: Mapping[str, str], rng: Dice) -> tuple[str, str]:
    """Return a title and a text about the topic with the facts in their places."""
    title, matter = rng.pick(topic.titles), rng.pick(topic.texts)
    if topic.refusal:
        return title.format_map(facts), matter.format_map(facts)
    phrase_lists = phrases()
    closings = phrase_lists.closings["INSPECTION" if topic.inspection else topic.klass]
    text = f"{rng.pick(phrase_lists.openings)} {matter} {rng.pick(closings)}"
    return title.format_map(facts), text.strip().format_map(facts)


def _shelf(rows: Sequence[dict[str, Any]], name: str) -> Shelf:
    """Return a shelf on which a category has its overall weight, however many topics it has there."""
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
        by_bus=any("{corridor}" in text or "{stop}" in text for text in (*row["titles"], *row["texts"])),
    )


def _shelves_of(row: dict[str, Any]) -> Sequence[str]:
    shelves: Sequence[str] = row.get("shelves", (GENERAL,))
    return shelves


def _tuples(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in table.items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("hub.demo").joinpath("texts", f"{name}.toml").read_text("utf-8"))
