"""What demo complaints are about: the topics of ``topics.toml``, chosen by weight and filled with facts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter people complain about.

    ``agencies`` may be ``("*",)``, any; ``klass`` is a value of ``ComplaintClass``; ``inspection`` is the
    share that needs a look on the spot; ``cites`` is FARE, TAX, TICKET, ORDER or None.
    """

    category: str
    agencies: tuple[str, ...]
    weight: float
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    klass: str = "COMPLAINT"
    inspection: float = 0.0
    cites: str | None = None

    def words(self, facts: Mapping[str, str], rng: Random) -> tuple[str, str]:
        """A title and a text with the facts in their places."""
        return rng.choice(self.titles).format_map(facts), rng.choice(self.texts).format_map(facts)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Topics that cite the same, with their running weights."""

    topics: tuple[Topic, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Random) -> Topic:
        """One topic, the weighty ones more often."""
        return rng.choices(self.topics, cum_weights=self.weights)[0]


@cache
def shelves() -> dict[str | None, Shelf]:
    """All topics by what they cite; None are those that cite nothing."""
    found: dict[str | None, list[Topic]] = {}
    for row in tomllib.loads(files("hub.demo").joinpath("topics.toml").read_text("utf-8"))["topic"]:
        topic = _topic(row)
        found.setdefault(topic.cites, []).append(topic)
    return {
        cites: Shelf(tuple(topics), tuple(accumulate(topic.weight for topic in topics)))
        for cites, topics in found.items()
    }


def _topic(row: dict[str, Any]) -> Topic:
    return Topic(
        **{
            **row,
            "agencies": tuple(row["agencies"]),
            "titles": tuple(row["titles"]),
            "texts": tuple(row["texts"]),
        }
    )
