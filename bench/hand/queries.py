"""The three pages, each with as few statements as it needs, on one connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.hand import shapes
from bench.hand.paging import SIZE, page, position
from bench.hand.shapes import Part, Row
from bench.hand.statements import SQL, call
from hub.complaints.masking import mask
from hub.store.encryption import FieldCipher

STATUS, CHANNEL = "IN_PROGRESS", "WHATSAPP"
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Reading:
    """One request: its connection, the viewer's kind and name, and the value that restricts what the viewer sees."""

    db: Any
    viewer: str
    reader: str
    own: Any
    merchants: list[str]
    request_id: str

    async def rows(self, name: str, *values: Any) -> list[Any]:
        """Return the rows of a statement."""
        own = self.merchants if name == "payments" and self.viewer == "partner" else self.own
        found: list[Any] = await self.db.fetch(*call(name, self.viewer, own, *values))
        return found


async def lean(reading: Reading, after: str | None) -> Part:
    """Return complaints with agency, report and payments: four statements."""
    rows, info = page(await reading.rows("page", STATUS, CHANNEL, *position(after), SIZE + 1))
    reports, payments = await _records(reading, rows)
    names = {row["code"]: {"name": row["name"]} for row in await reading.rows("agencies", _codes(rows))}
    edges = [_edge(row, names, reports, payments) for row in rows]
    return {"complaints": {"pageInfo": info, "edges": edges}}


async def desk(reading: Reading, after: str | None, cipher: FieldCipher) -> Part:
    """Return all that the README's query shows, and note who read the reporters: nine statements."""
    rows, info = page(await reading.rows("page", STATUS, CHANNEL, *position(after), SIZE + 1))
    ((total,),) = await reading.rows("count", STATUS, CHANNEL)
    reporters = await _reporters(reading, rows, cipher)
    reports, payments = await _records(reading, rows)
    codes = _codes(rows)
    orders = shapes.grouped(await reading.rows("orders", codes, 3), "code", shapes.order)
    agencies = {
        row["code"]: {
            "name": row["name"],
            "head": shapes.head(row),
            "procurementOrders": {"edges": orders.get(row["code"], [])},
        }
        for row in await reading.rows("agencies", codes)
    }
    systems = [shapes.system(row) for row in await reading.db.fetch(SQL["systems"])]
    edges = [_edge(row, agencies, reports, payments, reporter=reporters.get(row["reporter_id"])) for row in rows]
    counted = total if total <= MOST_COUNTED else None
    return {"complaints": {"totalCount": counted, "pageInfo": info, "edges": edges}, "systems": systems}


async def citizen(reading: Reading, after: str | None) -> Part:
    """Return the public complaints and the viewer's own: three statements."""
    fetch, ticket = reading.db.fetch, reading.own
    rows, info = page(await fetch(SQL["public_page"], STATUS, *position(after), SIZE + 1, ticket))
    total = await reading.db.fetchval(SQL["public_count"], STATUS, ticket)
    found = await fetch(SQL["agencies"], _codes(rows))
    agencies = {row["code"]: {"name": row["name"], "head": shapes.head(row)} for row in found}
    edges = [{"node": _public(row) | {"agency": agencies.get(row["agency_code"])}} for row in rows]
    return {"complaints": {"totalCount": total if total <= MOST_COUNTED else None, "pageInfo": info, "edges": edges}}


def _public(row: Row) -> Part:
    shown = shapes.complaint(row)
    return shown if row["own"] else {**shown, "title": mask(row["title"]), "channel": None}


def _codes(rows: Any) -> list[str]:
    return sorted({row["agency_code"] for row in rows if row["agency_code"]})


async def _records(reading: Reading, rows: Any) -> tuple[Any, Any]:
    ids = [row["id"] for row in rows]
    reports = shapes.grouped(await reading.rows("reports", ids), "complaint_id", shapes.report)
    payments = shapes.grouped(await reading.rows("payments", ids), "complaint_id", shapes.payment)
    return reports, payments


async def _reporters(reading: Reading, rows: Any, cipher: FieldCipher) -> dict[int, Part]:
    found = {}
    for row in await reading.rows("reporters", [row["reporter_id"] for row in rows]):
        person = cipher.decrypt(row["sealed"], f"reporters:{row['id']}")
        found[row["id"]] = {"name": person["name"], "phone": person["phone"]}
    read = [row for row in rows if row["reporter_id"] in found]
    ids, tickets = [row["id"] for row in read], [row["ticket"] for row in read]
    await reading.db.execute(SQL["note_reads"], ids, reading.reader, "bench", reading.request_id, tickets)
    return found


def _edge(row: Row, agencies: Part, reports: Any, payments: Any, **more: Any) -> Part:
    found = reports.get(row["id"])
    node = {
        **shapes.complaint(row),
        **more,
        "agency": agencies.get(row["agency_code"]),
        "centralReport": found[-1] if found else None,
        "payments": payments.get(row["id"], []),
    }
    return {"node": node}
