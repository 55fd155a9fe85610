"""Procurement orders of agencies in online shops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from hub.kinds.base import Code, Kind


class OrderStatus(Code):
    """The status of a procurement order, as the marketplace confirmed it (contract blangkon#order-row)."""

    PENDING = "PENDING", "Belum dikonfirmasi", "Not confirmed", "The shop has not confirmed the order yet."
    COMPLETED = "COMPLETED", "Selesai", "Completed", "The order was delivered and paid."
    FAILED = "FAILED", "Gagal", "Failed", "The order was cancelled or expired; nothing was bought."
    IN_DOUBT = (
        "IN_DOUBT",
        "Diragukan",
        "In doubt",
        "The procurement feed contains two final statuses that contradict each other.",
    )
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The shop sent a status that the hub does not know; see `sourceStatus`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Kind):
    """An order of an agency in an online shop of the procurement programme, without the person who ordered.

    Description and note are written by people, who may name somebody in them.
    """

    kind: ClassVar[str] = "order"
    statuses: ClassVar[type[Code]] = OrderStatus
    prose: ClassVar[frozenset[str]] = frozenset({"description", "note"})
    digested_as_facts: ClassVar[bool] = True
    indexed: ClassVar[tuple[str, ...]] = ("agency_code", "supplier_key", "marketplace")
    fact_of_key: ClassVar[Mapping[str, str]] = {"agency": "agency_code", "supplier": "supplier_key"}
    has_amounts: ClassVar[bool] = True

    order_id: str
    description: str | None
    category: str | None
    payment_method: str | None
    marketplace: str
    supplier: str
    supplier_key: str
    supplier_city: str | None
    agency_code: str | None
    unit: str | None
    note: str | None
