"""The core kinds of record, which any connector may map to, and the codes they carry.

A kind is a frozen dataclass: its fields are what a record's body holds, JSON values only
(money and time are promoted to columns of their own, see ``hub.connectors.base.Record``).
``kind`` names it in the store; ``prose`` are the fields with free text written by people, which
are kept apart from the facts and never copied into the change history; ``indexed`` are the
fields that lists filter on, for which every partition gets an index. Imports nothing of the hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self


class Code(StrEnum):
    """An enum member with its value, an Indonesian and an English label, and a description."""

    label_id: str
    label_en: str
    description: str

    def __new__(cls, value: str, label_id: str = "", label_en: str = "", description: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label_id, member.label_en, member.description = label_id, label_en, description
        return member


class Kind:
    """Base of all kinds; a connector with a kind of its own subclasses it in its ``mapping.py``."""

    __slots__ = ()

    kind: ClassVar[str]
    statuses: ClassVar[type[Code]]
    prose: ClassVar[frozenset[str]] = frozenset()
    indexed: ClassVar[tuple[str, ...]] = ()


def known_kinds() -> list[str]:
    """The names of the core's kinds, and of those that the enabled connectors bring."""
    return sorted({kind.kind for kind in Kind.__subclasses__()})


class ReportStatus(Code):
    """Where a report stands at the centre; names as published for SP4N-LAPOR! (contract A.3)."""

    UNVERIFIED = "UNVERIFIED", "Belum diverifikasi", "Not verified yet", "The national desk has not looked at it."
    VERIFIED = "VERIFIED", "Diverifikasi", "Verified", "The national desk accepted it."
    DISPOSED = "DISPOSED", "Didisposisi", "Passed on", "It was passed on to the institution that must answer."
    IN_PROGRESS = "IN_PROGRESS", "Dalam proses", "In progress", "The institution works on it."
    FOLLOWED_UP = "FOLLOWED_UP", "Ditindaklanjuti", "Followed up", "The institution answered."
    POSTPONED = "POSTPONED", "Ditunda", "Postponed", "The institution put it off."
    TRANSFERRED = "TRANSFERRED", "Dialihkan", "Transferred", "It went to another institution."
    CLOSED = "CLOSED", "Selesai", "Closed", "Finished at the centre."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "Refused or deleted at the centre."
    UNKNOWN = "UNKNOWN", "Tidak dikenal", "Unknown", "The centre sent a status the hub does not know; see statusTold."


class PaymentStatus(Code):
    """Where a payment stands (contract B.4, B.6 and L.6)."""

    INITIATED = "INITIATED", "Dimulai", "Initiated", "Begun, not paid yet."
    PENDING = "PENDING", "Menunggu", "Pending", "Waiting for the payer or the bank."
    SUCCESS = "SUCCESS", "Berhasil", "Success", "Paid."
    CLOSED = "CLOSED", "Ditutup", "Closed", "Paid and settled; final."
    CANCELLED = "CANCELLED", "Dibatalkan", "Cancelled", "Cancelled, expired or failed: no money moved."
    REFUNDED = "REFUNDED", "Dikembalikan", "Refunded", "The money went back to the payer."
    UNKNOWN = "UNKNOWN", "Tidak dikenal", "Unknown", "The provider sent a status the hub does not know; see statusTold."


class OrderStatus(Code):
    """Where a procurement order stands, as the marketplace confirmed it (contract C.3)."""

    PENDING = "PENDING", "Belum dikonfirmasi", "Not confirmed", "The marketplace has not confirmed it yet."
    COMPLETED = "COMPLETED", "Selesai", "Completed", "Delivered and paid."
    FAILED = "FAILED", "Gagal", "Failed", "Cancelled or expired; nothing was bought."
    IN_DOUBT = "IN_DOUBT", "Diragukan", "In doubt", "The feed holds two final states that contradict each other."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The marketplace sent a status the hub does not know; see statusTold.",
    )


class PaidFor(Code):
    """What a payment was for (contract L.2, ``kind``)."""

    FARE = "FARE", "Tarif angkutan", "Fare", "A bus ride."
    TAX = "TAX", "Pajak", "Tax", "A vehicle or land tax."
    TICKET = "TICKET", "Tiket wisata", "Ticket", "Entry to a site of the province."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Kind):
    """A report at the centre. Times in ``log`` are ISO 8601 with zone; ``disposition`` is who must answer.

    ``log`` rows: ``{"at", "type" (STATUS, DISPOSITION, NOTE, FOLLOW_UP), "from", "to",
    "status_old", "status_new", "attachments"}``; their free text is in ``notes`` at the same index
    (None where there is none), because it is prose.
    """

    kind: ClassVar[str] = "report"
    statuses: ClassVar[type[Code]] = ReportStatus
    prose: ClassVar[frozenset[str]] = frozenset({"title", "content", "notes"})
    indexed: ClassVar[tuple[str, ...]] = ("agency_code", "area_code")

    tracking_id: str
    title: str
    content: str
    classification: str | None
    category: str | None
    channel: str | None
    area_code: str | None
    institution: str | None
    disposition: str | None
    agency_code: str | None
    anonymous: bool
    secret: bool
    followups: int
    attachments: int
    log: list[dict[str, Any]]
    notes: list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Kind):
    """A payment to a merchant of the province; never who paid. Fares carry corridor, bus, stop and fare type."""

    kind: ClassVar[str] = "payment"
    statuses: ClassVar[type[Code]] = PaymentStatus
    indexed: ClassVar[tuple[str, ...]] = ("merchant", "corridor", "paid_for")

    reference: str
    partner_reference: str | None
    rrn: str | None
    paid_for: str | None
    merchant: str
    store: str | None
    terminal: str | None
    corridor: str | None
    bus: str | None
    stop: str | None
    fare_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Kind):
    """An order of an agency in an online shop of the procurement programme; never who ordered."""

    kind: ClassVar[str] = "order"
    statuses: ClassVar[type[Code]] = OrderStatus
    indexed: ClassVar[tuple[str, ...]] = ("agency_code", "supplier_key", "marketplace")

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


@dataclass(frozen=True, slots=True)
class Key:
    """``name=value``, by which records and complaints are joined. ``personal`` values are stored as a keyed hash.

    Names in use: ``ticket``, ``report`` (the centre's tracking id), ``payment``, ``order``,
    ``agency``, ``area``, ``supplier``.
    """

    name: str
    value: str
    personal: bool = False
