"""From one item of the transaction history to a payment: pure, with the status table and the personal fields as data.

Items of the list and answers of the detail call are both read here: the first have their references
in ``additionalInfo``, the second beside it (contract B.4, B.5, L.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.connectors.base import Record
from hub.errors import BadRecord
from hub.kinds import Key, PaidFor, Payment, PaymentStatus

PERSONAL = (
    "remark",
    "sourceOfFunds",
    "additionalInfo.payer",
    "additionalInfo.payerName",
    "additionalInfo.payerPhone",
    "additionalInfo.payerReference",
    "additionalInfo.customerId",
)
"""What could say who paid. ``remark`` is free text that the payer or a cashier types, and nothing here needs it."""

STATUS = {
    "INIT": PaymentStatus.INITIATED,
    "PENDING": PaymentStatus.PENDING,
    "SUCCESS": PaymentStatus.SUCCESS,
    "CLOSED": PaymentStatus.CLOSED,
    "CANCELLED": PaymentStatus.CANCELLED,
    "REFUNDED": PaymentStatus.REFUNDED,
}
"""``status`` of a history item (contract B.4)."""

LATEST = {
    "00": PaymentStatus.SUCCESS,
    "01": PaymentStatus.INITIATED,
    "02": PaymentStatus.PENDING,
    "03": PaymentStatus.PENDING,
    "04": PaymentStatus.REFUNDED,
    "05": PaymentStatus.CANCELLED,
    "06": PaymentStatus.CANCELLED,
    "08": PaymentStatus.CANCELLED,
    "09": PaymentStatus.CANCELLED,
}
"""``latestTransactionStatus`` (contract B.6). 07, "not found", says nothing about a payment that is listed: unknown."""

RANK = {
    PaymentStatus.INITIATED: 1,
    PaymentStatus.PENDING: 2,
    PaymentStatus.UNKNOWN: 3,
    PaymentStatus.CANCELLED: 4,
    PaymentStatus.SUCCESS: 5,
    PaymentStatus.CLOSED: 6,
    PaymentStatus.REFUNDED: 7,
}
"""The history tells no time of change, so a status is its own version.

No two share a rank, so that repeated and shuffled items end alike, whatever their order. A code
nobody knows is newer than a payment under way and older than any outcome: it never hides that
money has moved, and never stands in the way of the news that it has.
"""

FINAL = frozenset({PaymentStatus.SUCCESS, PaymentStatus.CLOSED, PaymentStatus.CANCELLED, PaymentStatus.REFUNDED})

KIND = {"fare": PaidFor.FARE, "tax": PaidFor.TAX, "ticket": PaidFor.TICKET}

_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,2})?", re.ASCII)
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def to_record(raw: Mapping[str, Any]) -> Record:
    """The payment ``raw`` tells of; ``BadRecord`` names the field that cannot be read."""
    info = _object(raw, "additionalInfo")
    if (type_ := raw.get("type", "PAYMENT")) != "PAYMENT":
        raise BadRecord(f"type is {type_!r:.40}; only PAYMENT was asked for")
    reference = _required(_reference(raw, info, "referenceNo"), "additionalInfo.referenceNo")
    partner, rrn = _reference(raw, info, "partnerReferenceNo"), _reference(raw, info, "rrn")
    status, told, unknown = _status(raw)
    at, amount = _time(raw), _amount(raw)
    return Record(
        facts=_payment(info, reference, partner, rrn),
        external_id=reference,
        version=RANK[status],
        status=status.value,
        told=told,
        occurred_at=at,
        updated_at=at,
        keys=tuple(Key("payment", value) for value in dict.fromkeys((reference, partner, rrn)) if value),
        amount=amount,
        final=status in FINAL,
        unknown=unknown or _unknown_kind(info),
    )


def _payment(info: Mapping[str, Any], reference: str, partner: str | None, rrn: str | None) -> Payment:
    return Payment(
        reference=reference,
        partner_reference=partner,
        rrn=rrn,
        paid_for=KIND.get(_text(info, "kind") or ""),
        merchant=_required(_text(info, "merchantId"), "additionalInfo.merchantId"),
        store=_text(info, "storeId"),
        terminal=_text(info, "terminalId"),
        corridor=_text(info, "corridor"),
        bus=_text(info, "busId"),
        stop=_text(info, "halteCode"),
        fare_type=_text(info, "fareType"),
    )


def _status(raw: Mapping[str, Any]) -> tuple[PaymentStatus, str, str | None]:
    """The status, the code as told, and the field whose code is unknown; the latest status outranks the listed one."""
    field, table = ("latestTransactionStatus", LATEST) if raw.get("latestTransactionStatus") else ("status", STATUS)
    told = _required(_text(raw, field), field)
    status = table.get(told.upper(), PaymentStatus.UNKNOWN)
    return status, told, field if status is PaymentStatus.UNKNOWN else None


def _unknown_kind(info: Mapping[str, Any]) -> str | None:
    kind = _text(info, "kind")
    return None if kind is None or kind in KIND else "additionalInfo.kind"


def _reference(raw: Mapping[str, Any], info: Mapping[str, Any], name: str) -> str | None:
    return _text(info, name) or _text(raw, name)


def _time(raw: Mapping[str, Any]) -> datetime:
    value = raw.get("dateTime")
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise BadRecord("dateTime is not an ISO 8601 time with a zone, such as 2025-01-02T08:00:00+07:00")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise BadRecord(f"dateTime {value} is no day or hour of the calendar") from None


def _amount(raw: Mapping[str, Any]) -> Decimal:
    """Rupiah, from a string only: a JSON number may already have lost its cents on the way."""
    amount = _object(raw, "amount")
    if (currency := amount.get("currency")) != "IDR":
        raise BadRecord(f"amount.currency is {currency!r:.40}; only IDR is known")
    value = amount.get("value")
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise BadRecord('amount.value is not a string of digits such as "10000.00"')
    return Decimal(value)


def _object(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    if not isinstance(value, Mapping):
        raise BadRecord(f"{name} is missing or not an object")
    return value


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    """A short printable string, or None where there is none; a NUL or half a character cannot be stored."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64 or not value.isprintable():
        raise BadRecord(f"{name} is not a printable string of at most 64 characters")
    return value.strip() or None


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise BadRecord(f"{name} is missing")
    return value
