"""Payments to merchants of the province."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hub.kinds.base import Code, Kind


class PaymentStatus(Code):
    """The status of a payment (contract gopay#history-item, gopay#notifications)."""

    INITIATED = "INITIATED", "Dimulai", "Initiated", "The payment was started and is not paid yet."
    PENDING = "PENDING", "Menunggu", "Pending", "The payment waits for the payer or the bank."
    SUCCESS = "SUCCESS", "Berhasil", "Success", "The payment was made."
    CLOSED = "CLOSED", "Ditutup", "Closed", "The payment was made and settled; this status is final."
    CANCELLED = "CANCELLED", "Dibatalkan", "Cancelled", "The payment was cancelled, expired or failed; no money moved."
    REFUNDED = "REFUNDED", "Dikembalikan", "Refunded", "The money was returned to the payer."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The provider sent a status that the hub does not know; see `sourceStatus`.",
    )


class PaymentPurpose(Code):
    """What a payment was for (contract gopay#history-item, ``kind``)."""

    FARE = "FARE", "Tarif angkutan", "Fare", "A bus ride."
    TAX = "TAX", "Pajak", "Tax", "A vehicle or land tax."
    TICKET = "TICKET", "Tiket wisata", "Ticket", "An entry ticket to a site of the province."


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Kind):
    """A payment to a merchant of the province, without the payer. Fares have corridor, bus, stop and fare type."""

    kind: ClassVar[str] = "payment"
    statuses: ClassVar[type[Code]] = PaymentStatus
    indexed: ClassVar[tuple[str, ...]] = ("merchant", "corridor", "paid_for")
    has_amounts: ClassVar[bool] = True

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
