"""A matter: all that the hub knows of one complaint or permit, from every system, with one time line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.pages.console.leads import leads
from hub.pages.console.page import ConsolePage, Moved, Query
from hub.pages.page import Content, Data
from hub.pages.reader import Reader

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: where it happened, what, and what was said about it."""

    at: str
    place: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one system holds: its number there, its state, and how old the hub's copy is (None: the hub's own)."""

    system: str
    kind: str
    number: str
    status: str
    about: str
    as_of: str | None


def build(data: Data, query: Query, reader: Reader) -> Content | Moved:
    """Return the matter with this number, or lead to the one that another system's record with it belongs to.

    If that belongs to several or none, the record is shown with them; only the form if there is no record.
    """
    complaint, permit = data["complaint"], data["permit"]
    found = complaint or permit
    others = [] if found else leads(data, reader)
    addresses = {address for each in others for _, address in each.matters}
    if len(addresses) == 1:
        return Moved(addresses.pop())
    events = [*_complaint_events(complaint, reader)] if complaint else []
    events += _permit_events(permit, reader) if permit else []
    values = {
        "number": query.get("number", ""),
        "found": found,
        "leads": others,
        "complaint": complaint,
        "permit": permit,
        "parts": [*_parts(complaint, permit, reader)],
        "events": sorted((each for each in events if each.at), key=lambda each: each.at),
        "agreement": found["agreement"] if found else None,
    }
    title = (complaint or {}).get("ticket") or (query.get("number") if permit else None)
    return Content(title or reader.t("console_matter.title"), "", values)


def _parts(complaint: Node | None, permit: Node | None, reader: Reader) -> Iterator[Part]:
    if complaint:
        yield Part(
            reader.t("console_matter.hub"),
            reader.t("console_matter.complaint"),
            complaint["ticket"],
            complaint["statusLabel"],
            complaint["title"],
            None,
        )
        for each in _reports(complaint):
            yield _part(each, "report", each["trackingId"], each["institution"], reader)
        for each in complaint["payments"] or ():
            yield _part(
                each,
                "payment",
                each["reference"],
                " · ".join(filter(None, (each["merchant"], each["corridor"]))),
                reader,
            )
        for each in complaint["procurementOrders"] or ():
            yield _part(each, "order", each["orderId"], each["marketplace"], reader)
        for each in complaint["permits"] or ():
            yield _part(each, "permit", _permit_number(each), each["typeName"], reader)
    if permit:
        yield _part(permit, "permit", _permit_number(permit), permit["typeName"], reader)
        if business := permit["business"]:
            yield _part(business, "business", business["nib"], business["name"], reader)


def _part(node: Node, kind: str, number: str, about: str | None, reader: Reader) -> Part:
    title = node["system"]["title"] if node["system"] else "–"
    return Part(
        title, reader.t(f"console_matter.{kind}"), number, node["statusLabel"] or "–", about or "–", node["asOf"]
    )


def _permit_number(permit: Node) -> str:
    return permit["number"] or permit["permitId"] or permit["applicationNumber"] or "–"


def _reports(complaint: Node) -> Sequence[Node]:
    return [*([complaint["centralReport"]] if complaint["centralReport"] else ()), *(complaint["claims"] or ())]


def _complaint_events(complaint: Node, reader: Reader) -> Iterator[Event]:
    here = reader.t("console_matter.hub")
    for each in complaint["timeline"] or ():
        text = f"{reader.t('step.' + each['action'])} ({reader.t('role.' + each['role'])})"
        yield Event(each["at"], here, text, each["note"] or "")
    for each in complaint["accessLog"] or ():
        yield Event(
            each["at"], here, reader.t("console_matter.read", who=each["reader"], why=each["purposeLabel"] or "–")
        )
    for report in _reports(complaint):
        for each in report["log"]:
            ways = " → ".join(filter(None, (each["fromInstitution"], each["toInstitution"])))
            said = ": ".join(filter(None, (reader.t(f"console_report.{each['type']}"), each["statusNew"] or ways)))
            yield Event(
                each["at"] or "", report["system"]["title"] if report["system"] else "–", said, each["note"] or ""
            )
    for each in complaint["payments"] or ():
        yield Event(each["paidAt"], _title(each), f"{reader.t('console_matter.payment')}: {each['statusLabel'] or '–'}")
    for each in complaint["procurementOrders"] or ():
        yield Event(
            each["orderedAt"], _title(each), f"{reader.t('console_matter.order')}: {each['statusLabel'] or '–'}"
        )
    for each in complaint["permits"] or ():
        yield Event(
            each["statusSince"], _title(each), f"{reader.t('console_matter.permit')}: {each['statusLabel'] or '–'}"
        )
    for each in complaint["deliveries"] or ():
        yield Event(
            each["createdAt"], here, reader.t("console_matter.to_send", what=each["actionLabel"], to=_title(each))
        )
        for one in each["attempts"] or ():
            text = reader.t(
                "console_matter.sent", what=each["actionLabel"], how=reader.t(f"console_attempt.{one['outcome']}")
            )
            yield Event(one["at"], _title(each), text, one["error"] or "")
    yield from _agreement_events(complaint, reader)


def _permit_events(permit: Node, reader: Reader) -> Iterator[Event]:
    yield Event(
        permit["statusSince"], _title(permit), f"{reader.t('console_matter.permit')}: {permit['statusLabel'] or '–'}"
    )
    if business := permit["business"]:
        yield Event(business["registeredAt"], _title(business), reader.t("console_matter.business"))
    for each in (permit["complaints"] or {}).get("nodes") or ():
        yield Event(
            each["receivedAt"],
            reader.t("console_matter.hub"),
            f"{each['ticket']}: {each['statusLabel']}",
            each["title"],
        )
    yield from _agreement_events(permit, reader)


def _agreement_events(node: Node, reader: Reader) -> Iterator[Event]:
    for each in (node["agreement"] or {}).get("history") or ():
        fields = f" ({', '.join(each['fields'])})" if each["fields"] else ""
        yield Event(each["at"], reader.t("console_nav.agreement"), f"{each['stateLabel']}{fields}", each["note"] or "")


def _title(node: Node) -> str:
    return node["system"]["title"] if node["system"] else "–"


def variables(query: Query) -> Mapping[str, Any]:
    """Return the number: as tickets are written, and as it was typed."""
    typed = query.get("number", "").strip("# ").strip()
    return {"number": typed.upper(), "typed": typed}


MATTER = ConsolePage("matter", build, variables, filters=("number",))
