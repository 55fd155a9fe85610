"""Maps notifications to payments; pure. A notification has the status of a payment, and few other fields.

Its record is a partial update; the history completes it (contract gopay#notifications,
gopay#classic-notification).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.connectors.gopay.fields import amount, local_time, required, rupiah, string, within
from hub.connectors.gopay.statuses import CLASSIC, FINAL, FRAUD, LATEST, notification_version, partial_facts_version
from hub.contract import Record
from hub.kinds import Key, Payment, PaymentStatus

SENT, PARTNER = "X-TIMESTAMP", "X-PARTNER-ID"
"""Headers of a call that its item keeps: the time of signing, and the recipient."""

SNAP = frozenset(
    {
        "originalPartnerReferenceNo",
        "originalReferenceNo",
        "merchantId",
        "amount",
        "latestTransactionStatus",
        "createdTime",
        "finishedTime",
        "externalStoreId",
        "additionalInfo",
    }
)
SNAP_INFO = frozenset({"merchantId", "rrn", "nmid", "paidTime"})
MIDTRANS = frozenset(
    {
        "transaction_time",
        "transaction_status",
        "transaction_id",
        "status_code",
        "settlement_time",
        "order_id",
        "merchant_id",
        "gross_amount",
        "fraud_status",
        "currency",
    }
)
"""The fields of a notification that the mapping reads."""

NOTIFICATION_COLUMNS = (
    *sorted(SNAP - {"amount", "additionalInfo"}),
    *(f"additionalInfo.{name}" for name in sorted(SNAP_INFO)),
    *sorted(MIDTRANS),
    *(SENT, PARTNER),
)
"""These fields as paths of columns."""

_PAID = frozenset({PaymentStatus.SUCCESS, PaymentStatus.REFUNDED})
_ENVELOPE = frozenset({SENT, PARTNER})


def from_snap(raw: Mapping[str, Any]) -> Record:
    """Map a notification of SNAP, for direct debit or QRIS (contract gopay#notifications)."""
    info = within(raw, "additionalInfo", optional=True)
    reference = required(string(raw, "originalReferenceNo"), "originalReferenceNo")
    source_status = required(string(raw, "latestTransactionStatus"), "latestTransactionStatus")
    status = LATEST.get(source_status, PaymentStatus.UNKNOWN)
    created_at = _time(raw, "createdTime") or _time(info, "paidTime", "additionalInfo.paidTime")
    finished_at = _time(raw, "finishedTime") or _time(info, "paidTime", "additionalInfo.paidTime") or created_at
    sent = local_time(raw.get(SENT), SENT)
    return _record(
        Payment(
            reference=reference,
            partner_reference=string(raw, "originalPartnerReferenceNo"),
            rrn=string(info, "rrn", "additionalInfo.rrn"),
            merchant=_merchant(raw, info),
            store=string(raw, "externalStoreId"),
            **_NOT_IN_NOTIFICATION,
        ),
        (status, source_status, None if status is not PaymentStatus.UNKNOWN else "latestTransactionStatus"),
        occurred_at=created_at or finished_at or sent,
        updated_at=finished_at or created_at or sent,
        version=notification_version(status, finished_at, sent, _content(raw)),
        paid=amount(raw) if raw.get("amount") is not None else None,
    )


def from_classic(raw: Mapping[str, Any]) -> Record:
    """Map Midtrans' own form, also of Get Status: ``transaction_id`` is its reference, ``order_id`` the merchant's.

    Contract gopay#classic-notification.
    """
    reference = required(string(raw, "transaction_id"), "transaction_id")
    created_at = local_time(required(string(raw, "transaction_time"), "transaction_time"), "transaction_time")
    finished_at = _time(raw, "settlement_time") or created_at
    status, source_status, unknown = _classic_status(raw)
    return _record(
        Payment(
            reference=reference,
            partner_reference=required(string(raw, "order_id"), "order_id"),
            rrn=None,
            merchant=required(string(raw, "merchant_id"), "merchant_id"),
            store=None,
            **_NOT_IN_NOTIFICATION,
        ),
        (status, source_status, unknown),
        occurred_at=created_at,
        updated_at=finished_at,
        version=notification_version(status, finished_at, None, _content(raw)),
        paid=rupiah(raw.get("gross_amount"), "gross_amount", raw.get("currency", "IDR"), "currency"),
    )


_NOT_IN_NOTIFICATION: dict[str, None] = dict.fromkeys(("paid_for", "terminal", "corridor", "bus", "stop", "fare_type"))


def _record(
    facts: Payment,
    status: tuple[PaymentStatus, str, str | None],
    *,
    occurred_at: datetime,
    updated_at: datetime,
    version: int,
    paid: Decimal | None,
) -> Record:
    references = dict.fromkeys((facts.reference, facts.partner_reference, facts.rrn))
    return Record(
        facts=facts,
        external_id=facts.reference,
        version=version,
        facts_version=partial_facts_version(version),
        status=status[0].value,
        source_status=status[1],
        unknown=status[2],
        final=status[0] in FINAL,
        occurred_at=occurred_at,
        updated_at=updated_at,
        amount=paid,
        keys=tuple(Key("payment", value) for value in references if value),
    )


def _merchant(raw: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Return the first id of the merchant; a QRIS notification may have the partner's only."""
    merchant = string(raw, "merchantId") or string(info, "merchantId", "additionalInfo.merchantId")
    return required(merchant or string(info, "nmid", "additionalInfo.nmid") or string(raw, PARTNER), "merchantId")


def _classic_status(raw: Mapping[str, Any]) -> tuple[PaymentStatus, str, str | None]:
    """Return the status, its source code, and the field with an unknown code.

    Money counts as moved only if ``status_code`` is 200 too; a suspicious payment (201) has not moved.
    """
    source_status = required(string(raw, "transaction_status"), "transaction_status")
    status, code = CLASSIC.get(source_status), string(raw, "status_code")
    if status is None:
        return PaymentStatus.UNKNOWN, source_status, "transaction_status"
    if status is PaymentStatus.SUCCESS and (fraud := string(raw, "fraud_status")):
        status = FRAUD.get(fraud)
        if status is None:
            return PaymentStatus.UNKNOWN, source_status, "fraud_status"
    if status in _PAID and code != "200":
        return PaymentStatus.UNKNOWN, source_status, "status_code"
    return status, source_status, None


def _time(raw: Mapping[str, Any], name: str, path: str | None = None) -> datetime | None:
    return local_time(raw[name], path or name) if raw.get(name) else None


def _content(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content without the headers, which differ in a repeat."""
    return {name: value for name, value in raw.items() if name not in _ENVELOPE}
