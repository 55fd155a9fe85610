"""A connector that exists in tests only, so that core tests name no real one. Its system is a list in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from hub.connectors.base import Connector, ConnectorSettings, Page, Raw, Record, Run
from hub.connectors.http import Http
from hub.errors import BadRecord
from hub.kinds import Key, Order, Payment, Report

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def payment(ref: str, **over: Any) -> Raw:
    """A raw item of kind payment."""
    told = {"kind": "payment", "id": ref, "status": "SUCCESS", "amount": "4000", "version": 1, "payer": "Uji Coba"}
    return {**told, **over}


def report(ref: str, **over: Any) -> Raw:
    """A raw item of kind report."""
    return {"kind": "report", "id": ref, "status": "IN_PROGRESS", "version": 1, **over}


def order(ref: str, **over: Any) -> Raw:
    """A raw item of kind order."""
    return {"kind": "order", "id": ref, "status": "COMPLETED", "amount": "1000", "version": 0, **over}


@dataclass
class World:
    """What the fake system holds, and how it misbehaves."""

    pages: list[list[Raw]] = field(default_factory=list)
    fail_at: int | None = None
    error: Exception | None = None
    runs: list[Run] = field(default_factory=list)


class FakeSettings(ConnectorSettings):
    """No settings of its own."""


class Fake(Connector):
    """Yields the pages of its world; the cursor counts them."""

    name = "fake"
    id_path = "id"
    title = "Fake"
    owner = "Tests"
    docs = "about:blank"
    kinds = (Payment, Report, Order)
    Settings = FakeSettings
    personal = ("payer",)
    world: ClassVar[World]

    def __init__(self, settings: ConnectorSettings, http: Http, world: World) -> None:
        super().__init__(settings, http)
        self.world = world  # type: ignore[misc]

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        self.world.runs.append(run)
        for number in range(run.cursor.get("page", 0), len(self.world.pages)):
            if self.world.error and number == self.world.fail_at:
                raise self.world.error
            yield Page(self.world.pages[number], {"page": number + 1})

    async def one(self, external_id: str) -> Raw | None:
        return next((raw for page in self.world.pages for raw in page if raw["id"] == external_id), None)

    async def probe(self) -> None:
        return None

    def map(self, raw: Mapping[str, Any]) -> Record:
        if raw.get("broken"):
            raise BadRecord("broken: it says so")
        kinds = {"payment": _payment, "report": _report, "order": _order}
        facts, keys = kinds[raw["kind"]](raw)
        known = raw["status"] in facts.statuses.__members__
        return Record(
            facts=facts,
            external_id=raw["id"],
            version=raw["version"],
            status=raw["status"] if known else "UNKNOWN",
            told=raw["status"],
            unknown=None if known else "status",
            occurred_at=datetime.fromisoformat(raw["at"]) if "at" in raw else T0,
            updated_at=datetime.fromisoformat(raw["at"]) if "at" in raw else T0,
            amount=Decimal(raw["amount"]) if "amount" in raw else None,
            keys=tuple(Key(name, value) for name, value in [*keys, *raw.get("keys", [])]),
            final=raw["status"] in {"SUCCESS", "COMPLETED", "FAILED", "CLOSED"},
            secret=raw.get("secret", False),
        )


def _payment(raw: Mapping[str, Any]) -> tuple[Payment, list[tuple[str, str]]]:
    facts = Payment(
        reference=raw["id"],
        partner_reference=None,
        rrn=None,
        paid_for=raw.get("paid_for", "FARE"),
        merchant=raw.get("merchant", "TRANSJATENG"),
        store=None,
        terminal=None,
        corridor=raw.get("corridor", "K1"),
        bus=None,
        stop=None,
        fare_type=None,
    )
    return facts, [("payment", raw["id"])]


def _report(raw: Mapping[str, Any]) -> tuple[Report, list[tuple[str, str]]]:
    facts = Report(
        tracking_id=raw["id"],
        title=raw.get("title", "Judul"),
        content=raw.get("content", "Isi"),
        classification=None,
        category=None,
        channel=None,
        area_code=raw.get("area"),
        institution=None,
        disposition="Dinas Perhubungan",
        agency_code=raw.get("agency", "DISHUB"),
        anonymous=False,
        secret=raw.get("secret", False),
        followups=0,
        attachments=0,
        log=[],
        notes=[],
    )
    area = [("area", raw["area"])] if "area" in raw else []
    return facts, [("report", raw["id"]), ("agency", raw.get("agency", "DISHUB")), *area]


def _order(raw: Mapping[str, Any]) -> tuple[Order, list[tuple[str, str]]]:
    agency, supplier = raw.get("agency", "DISHUB"), raw.get("supplier", "Toko Uji")
    marketplace = raw.get("marketplace", "pasar")
    key = f"{marketplace}|{supplier.lower()}"
    facts = Order(
        order_id=raw["id"],
        description="Kertas",
        category=None,
        payment_method=None,
        marketplace=marketplace,
        supplier=supplier,
        supplier_key=key,
        supplier_city=None,
        agency_code=agency,
        unit=None,
        note=None,
    )
    return facts, [("order", raw["id"]), ("agency", agency), ("supplier", key)]
