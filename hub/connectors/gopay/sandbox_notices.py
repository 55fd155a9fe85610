"""What the sandbox tells the hub of a payment that moves, by which of the three ways (contract B.6, B.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.connectors.gopay.access import external_id
from hub.connectors.gopay.hooks import CLASSIC
from hub.connectors.gopay.sandbox_payments import CODES, Held
from hub.connectors.gopay.signing import JAKARTA, timestamp

DEBIT, QR = "v1.0/debit/notify", "v1.0/qr/qr-mpm-notify"

_WORDS = {
    "INIT": ("pending", "201"),
    "PENDING": ("pending", "201"),
    "SUCCESS": ("settlement", "200"),
    "CLOSED": ("settlement", "200"),
    "CANCELLED": ("expire", "202"),
    "REFUNDED": ("refund", "200"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told, where.

    ``number`` is the same however often it is sent; what is ``forged`` is signed by somebody else.
    """

    hook: str
    body: Mapping[str, Any]
    number: str
    forged: bool = False


def notice(held: Held, at: datetime, *, forged: bool = False) -> Notice:
    """How ``held`` stands since ``at``; its merchant has it by direct debit, by QRIS, or in Midtrans' classic form."""
    if held.merchant == "TRANSJATENG":
        return Notice(DEBIT, _debit(held, at), external_id(), forged)
    if held.merchant == "TRANSSEMARANG":
        return Notice(QR, _qr(held, at), external_id(), forged)
    return Notice(CLASSIC, _classic(held, at), external_id(), forged)


def _debit(held: Held, at: datetime) -> dict[str, Any]:
    return {
        "originalPartnerReferenceNo": held.partner,
        "originalReferenceNo": held.reference,
        "merchantId": held.merchant,
        "amount": {"value": f"{held.amount}.00", "currency": "IDR"},
        "latestTransactionStatus": CODES.get(held.status, "77"),
        "transactionStatusDesc": held.status.title(),
        "createdTime": timestamp(held.at),
        "finishedTime": timestamp(at),
        "additionalInfo": {"payerName": "Penumpang Uji"},
    }


def _qr(held: Held, at: datetime) -> dict[str, Any]:
    return {
        "originalReferenceNo": held.reference,
        "originalPartnerReferenceNo": held.partner,
        "latestTransactionStatus": CODES.get(held.status, "77"),
        "transactionStatusDesc": held.status.title(),
        "amount": {"value": f"{held.amount}.00", "currency": "IDR"},
        "additionalInfo": {
            "merchantId": held.merchant,
            "merchantName": "Trans Semarang",
            "rrn": held.rrn,
            "issuer": "GoPay",
            "paidTime": timestamp(at),
        },
    }


def _classic(held: Held, at: datetime) -> dict[str, Any]:
    word, code = _WORDS.get(held.status, ("chargeback", "200"))
    return {
        "transaction_time": f"{held.at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "transaction_status": word,
        "transaction_id": held.reference,
        "status_message": "midtrans payment notification",
        "status_code": code,
        "settlement_time": f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "payment_type": "gopay",
        "order_id": held.partner,
        "merchant_id": held.merchant,
        "gross_amount": f"{held.amount}.00",
        "fraud_status": "accept",
        "currency": "IDR",
        "customer_details": {"full_name": "Penumpang Uji"},
    }
