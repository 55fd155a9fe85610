"""The notifications of the sandbox, in one of three forms.

Contract gopay#notifications, gopay#classic-notification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.connectors.gopay.client import external_id
from hub.connectors.gopay.sandbox.payments import CODES, StoredPayment
from hub.connectors.gopay.signing import JAKARTA, timestamp
from hub.connectors.gopay.webhooks import CLASSIC

DEBIT, QR = "v1.0/debit/notify", "v1.0/qr/qr-mpm-notify"

_CLASSIC_STATUSES = {
    "INIT": ("pending", "201"),
    "PENDING": ("pending", "201"),
    "SUCCESS": ("settlement", "200"),
    "CLOSED": ("settlement", "200"),
    "CANCELLED": ("expire", "202"),
    "REFUNDED": ("refund", "200"),
}


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification to one webhook.

    ``number`` is the same at every attempt; a ``forged`` one has a wrong signature.
    """

    webhook: str
    body: Mapping[str, Any]
    number: str
    forged: bool = False


def notification(payment: StoredPayment, at: datetime, *, forged: bool = False) -> Notification:
    """Return the notification of the status of ``payment`` since ``at``, in the form for its merchant.

    The forms are direct debit, QRIS and Midtrans' classic notification.
    """
    if payment.merchant == "TRANSJATENG":
        return Notification(DEBIT, _debit(payment, at), external_id(), forged)
    if payment.merchant == "TRANSSEMARANG":
        return Notification(QR, _qr(payment, at), external_id(), forged)
    return Notification(CLASSIC, classic(payment, at), external_id(), forged)


def _debit(payment: StoredPayment, at: datetime) -> dict[str, Any]:
    return {
        "originalPartnerReferenceNo": payment.partner,
        "originalReferenceNo": payment.reference,
        "merchantId": payment.merchant,
        "amount": {"value": f"{payment.amount}.00", "currency": "IDR"},
        "latestTransactionStatus": CODES.get(payment.status, "77"),
        "transactionStatusDesc": payment.status.title(),
        "createdTime": timestamp(payment.at),
        "finishedTime": timestamp(at),
        "additionalInfo": {"payerName": "Penumpang Uji"},
    }


def _qr(payment: StoredPayment, at: datetime) -> dict[str, Any]:
    return {
        "originalReferenceNo": payment.reference,
        "originalPartnerReferenceNo": payment.partner,
        "latestTransactionStatus": CODES.get(payment.status, "77"),
        "transactionStatusDesc": payment.status.title(),
        "amount": {"value": f"{payment.amount}.00", "currency": "IDR"},
        "additionalInfo": {
            "merchantId": payment.merchant,
            "merchantName": "Trans Semarang",
            "rrn": payment.rrn,
            "issuer": "GoPay",
            "paidTime": timestamp(at),
        },
    }


def classic(payment: StoredPayment, at: datetime) -> dict[str, Any]:
    """Return Midtrans' own form, of a notification and of the answer of Get Status."""
    transaction_status, code = _CLASSIC_STATUSES.get(payment.status, ("chargeback", "200"))
    return {
        "transaction_time": f"{payment.at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "transaction_status": transaction_status,
        "transaction_id": payment.reference,
        "status_message": "midtrans payment notification",
        "status_code": code,
        "settlement_time": f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "payment_type": "gopay",
        "order_id": payment.partner,
        "merchant_id": payment.merchant,
        "gross_amount": f"{payment.amount}.00",
        "fraud_status": "accept",
        "currency": "IDR",
        "customer_details": {"full_name": "Penumpang Uji"},
    }
