"""Arguments that lead to something: ids, natural keys and cursors of what a filled hub shows to the demo officer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.clients.hub_server import data
from tests.executor.operations import Values

COMPLAINTS = "complaints(first: 2) { nodes { __typename id ticket } }"
KEYS = (
    # The oldest have been assigned and closed.
    "complaints(last: 40) { edges { cursor node { __typename id ticket } } }",
    "centralReports(last: 20) { edges { cursor node { __typename id trackingId"
    " complaint { __typename id ticket } } } }",
    f"payments(first: 60) {{ edges {{ cursor node {{ __typename id reference {COMPLAINTS} }} }} }}",
    "procurementOrders(last: 60) { edges { cursor node { __typename id orderId supplier { __typename id }"
    f" {COMPLAINTS} }} }} }}",
    f"permits(first: 60) {{ edges {{ cursor node {{ __typename id applicationNumber {COMPLAINTS} }} }} }}",
    "businesses(first: 9) { edges { cursor node { __typename id nib } } }",
    "disagreements(first: 20) { edges { cursor node { __typename id } } }",
    "deliveries(first: 9) { edges { cursor node { __typename id ticket } } }",
    "agencies(first: 60) { edges { cursor node { __typename id code } } }",
    "areas(first: 40) { edges { cursor node { __typename id code } } }",
    "systems { __typename id name }",
)
WORDS = ("bus", "", "33.74")


@dataclass
class Known:
    """Ids by type, texts by the name of their field, and cursors by the name of their list."""

    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    cursors: dict[str, list[str]] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Add what an answer shows; of two rows of one type, those that others lead to come first."""
        if isinstance(value, list):
            for each in value:
                self.add(each)
        if isinstance(value, dict):
            for name, below in value.items():
                if isinstance(below, str) and name not in {"id", "cursor", "__typename"}:
                    self.texts[name].append(below)
                self.add(below)
            if "id" in value and value["id"] not in self.ids[value["__typename"]]:
                self.ids[value["__typename"]].append(value["id"])

    def values(self) -> Values:
        """Return functions that choose arguments."""
        texts = {name: one_of(found) for name, found in self.texts.items()}
        words = [text for found in self.texts.values() for text in found]
        cursors = {
            f"Query.{name}.{argument}": one_of([*found, "no cursor"])
            for name, found in self.cursors.items()
            for argument in ("after", "before")
        }
        return {
            **cursors,
            "ID": one_of([*(id_ for ids in self.ids.values() for id_ in ids[:20]), "no id"]),
            "String": one_of([*words, *WORDS]),
            "Int": one_of([1, 2, 3, 5, 0]),
            "Date": one_of(["2026-01-01", "2026-12-31"]),
            "DateTime": one_of(["2026-01-01T00:00:00Z", "2027-01-01T00:00:00+07:00"]),
            "Decimal": one_of(["1000", "4000.50"]),
            "Query.complaint.ticket": texts["ticket"],
            "Subscription.complaint.ticket": texts["ticket"],
            "Query.centralReport.trackingId": texts["trackingId"],
            "Query.payment.reference": texts["reference"],
            "Query.permit.number": texts["applicationNumber"],
            "Query.permitFacts.number": texts["applicationNumber"],
            "Query.agency.code": one_of([code for code in self.texts["code"] if not code[0].isdigit()]),
            "Query.system.name": texts["name"],
            "Subscription.system.name": texts["name"],
        }


def one_of(values: Sequence[Any]) -> Callable[[Random], Any]:
    """Return a function that chooses one of ``values``."""
    return lambda random: random.choice(values)


async def known(url: str) -> Known:
    """Return what the hub at ``url`` shows to the demo officer."""
    found = Known()
    for keys in reversed(KEYS):
        answer = await data(url, f"{{ {keys} }}")
        found.add(answer)
        for name, rows in answer.items():
            if "edges" in rows:
                found.cursors[name] = [edge["cursor"] for edge in rows["edges"]]
    return found
