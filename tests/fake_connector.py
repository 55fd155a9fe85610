"""A connector that exists in tests only, so that core tests name no real one. Its system is a list in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from hub.connectors.base import PUBLIC, Connector, ConnectorSettings
from hub.contract import Page, Raw, Record, Run
from hub.errors import BadRecord
from hub.http_client import Http
from hub.kinds import Business, Key, Kind, Order, Payment, Permit, Report

PERSONAL_KEYS = frozenset({"nib", "npwp"})

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def payment(ref: str, **over: Any) -> Raw:
    """Return a raw item of kind payment."""
    fields = {"kind": "payment", "id": ref, "status": "SUCCESS", "amount": "4000", "version": 1, "payer": "Uji Coba"}
    return {**fields, **over}


def report(ref: str, **over: Any) -> Raw:
    """Return a raw item of kind report."""
    return {"kind": "report", "id": ref, "status": "IN_PROGRESS", "version": 1, **over}


def order(ref: str, **over: Any) -> Raw:
    """Return a raw item of kind order."""
    return {"kind": "order", "id": ref, "status": "COMPLETED", "amount": "1000", "version": 0, **over}


def permit(ref: str, **over: Any) -> Raw:
    """Return a raw item of kind permit."""
    return {"kind": "permit", "id": ref, "status": "VERIFICATION", "version": 1, **over}


def business(nib: str, **over: Any) -> Raw:
    """Return a raw item of kind business."""
    return {"kind": "business", "id": nib, "status": "ACTIVE", "version": 1, **over}


@dataclass
class World:
    """The items and faults of the fake system."""

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
    kinds: ClassVar[tuple[type[Kind], ...]] = (Payment, Report, Order, Permit, Business)
    Settings = FakeSettings
    visible_to: ClassVar[str | None] = PUBLIC
    personal: ClassVar[tuple[str, ...]] = ("payer",)
    columns: ClassVar[tuple[str, ...]] = (
        *("kind", "id", "status", "amount", "version", "at", "broken", "paid_for", "merchant", "corridor", "area"),
        *("agency", "supplier", "marketplace", "secret", "keys[][]", "title", "content", "description"),
        *("nib", "npwp", "sector", "authority", "type", "clock", "form"),
    )
    prose = ("title", "content", "description")
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

    async def fetch_one(self, external_id: str) -> Raw | None:
        return next((raw for page in self.world.pages for raw in page if raw["id"] == external_id), None)

    async def probe(self) -> None:
        return None

    def map(self, raw: Mapping[str, Any]) -> Record:
        if raw.get("broken"):
            raise BadRecord("broken: it says so")
        kinds = {"payment": _payment, "report": _report, "order": _order, "permit": _permit, "business": _business}
        facts, keys = kinds[raw["kind"]](raw)
        known = raw["status"] in facts.statuses.__members__
        return Record(
            facts=facts,
            external_id=raw["id"],
            version=raw["version"],
            status=raw["status"] if known else "UNKNOWN",
            source_status=raw["status"],
            unknown=None if known else "status",
            occurred_at=datetime.fromisoformat(raw["at"]) if "at" in raw else T0,
            updated_at=datetime.fromisoformat(raw["at"]) if "at" in raw else T0,
            amount=Decimal(raw["amount"]) if "amount" in raw else None,
            keys=tuple(Key(name, value, name in PERSONAL_KEYS) for name, value in [*keys, *raw.get("keys", [])]),
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
        description=raw.get("description", "Kertas"),
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


def _permit(raw: Mapping[str, Any]) -> tuple[Permit, list[tuple[str, str]]]:
    nib, agency, area = raw.get("nib", "3399000000001"), raw.get("agency", "DISHUB"), raw.get("area", "33.74")
    facts = Permit(
        permit_id=raw["id"],
        application_number=None,
        number=None,
        nib=nib,
        project_id=None,
        type_code=raw.get("type", "010000000001"),
        type_name=None,
        sector=raw.get("sector", "EDUCATION"),
        authority=raw.get("authority", "PROVINCE"),
        agency_code=agency,
        office=None,
        area_code=area,
        kbli="85321",
        kbli_edition=2020,
        scale="SMALL",
        issued_on=None,
        valid_until=None,
        clock=raw.get("clock", "RUNNING"),
    )
    return facts, [("permit", raw["id"]), ("nib", nib), ("agency", agency), ("area", area)]


def _business(raw: Mapping[str, Any]) -> tuple[Business, list[tuple[str, str]]]:
    area = raw.get("area", "33.74")
    facts = Business(
        nib=raw["id"],
        name="Yayasan Uji",
        legal_form=raw.get("form", "FOUNDATION"),
        scale="SMALL",
        kbli=["85321"],
        kbli_edition=2020,
        area_code=area,
    )
    return facts, [("nib", raw["id"]), ("npwp", raw.get("npwp", "000000000000000")), ("area", area)]
