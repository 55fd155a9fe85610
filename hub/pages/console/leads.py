"""What another system's number leads to: the matters of a report, a payment, an order or a business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hub.pages.page import Data
from hub.pages.reader import Reader

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lead:
    """A record with the number that was asked for, and the matters that it belongs to: their number and address."""

    system: str
    kind: str
    number: str
    status: str
    about: str
    matters: Sequence[tuple[str, str]]


def leads(data: Data, reader: Reader) -> list[Lead]:
    """Return the records with the number; what the reader has no scope for is not among them."""
    return [_lead(*each, reader) for each in _records(data)]


def _records(data: Data) -> Iterator[tuple[str, Node, str, str | None, list[str]]]:
    """Yield the kind of each record, the record, its number, what it is about, and the numbers of its matters."""
    if report := data["report"]:
        complaint = [report["complaint"]["ticket"]] if report["complaint"] else []
        yield "report", report, report["trackingId"], report["title"], complaint
    if payment := data["payment"]:
        yield "payment", payment, payment["reference"], payment["merchant"], _tickets(payment)
    for order in (data["orders"] or {}).get("nodes") or ():
        yield "order", order, order["orderId"], order["marketplace"], _tickets(order)
    for business in (data["businesses"] or {}).get("nodes") or ():
        permits = (business["permits"] or {}).get("nodes") or ()
        numbers = [each["number"] or each["permitId"] or each["applicationNumber"] for each in permits]
        yield "business", business, business["nib"], business["name"], [each for each in numbers if each]


def _tickets(node: Node) -> list[str]:
    return [each["ticket"] for each in (node["complaints"] or {}).get("nodes") or ()]


def _lead(kind: str, node: Node, number: str, about: str | None, matters: Sequence[str], reader: Reader) -> Lead:
    system = node["system"]["title"] if node["system"] else "–"
    addresses = [(each, matter_address(each, reader)) for each in dict.fromkeys(matters)]
    name = reader.t(f"console_matter.{kind}")
    return Lead(system, name, number, node["statusLabel"] or "–", about or "–", addresses)


def matter_address(number: str, reader: Reader) -> str:
    """Return the address of the page of a matter."""
    return f"{reader.url('console_matter')}?{urlencode({'number': number})}"
