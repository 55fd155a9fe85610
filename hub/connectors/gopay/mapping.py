"""Maps the provider's items to records of payments; pure, with the personal fields as data.

Their fields distinguish items of the list, answers of the detail call and notifications. The list has
its references in ``additionalInfo``, the detail call beside it (contract gopay#history-item,
gopay#history-detail).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connectors.gopay.fields import amount, required, string, time, within
from hub.connectors.gopay.notifications import NOTIFICATION_COLUMNS, from_classic, from_snap
from hub.connectors.gopay.statuses import FINAL, LATEST, RANK, STATUS, history_version
from hub.contract import Record
from hub.errors import BadRecord
from hub.kept_columns import quote_code
from hub.kinds import Key, Payment, PaymentPurpose, PaymentStatus

PERSONAL = (
    "remark",
    "sourceOfFunds",
    "additionalInfo.payer",
    "additionalInfo.payerName",
    "additionalInfo.payerPhone",
    "additionalInfo.payerReference",
    "additionalInfo.customerId",
)
"""Fields that may identify the payer. ``remark`` is free text of the payer or a cashier, and is not needed."""

COLUMNS = (
    *("type", "dateTime", "status", "latestTransactionStatus", "amount.value", "amount.currency"),
    *("referenceNo", "partnerReferenceNo", "rrn"),
    *(
        f"additionalInfo.{name}"
        for name in ("referenceNo", "partnerReferenceNo", "rrn", "kind", "merchantId", "storeId")
    ),
    *(f"additionalInfo.{name}" for name in ("terminalId", "corridor", "busId", "halteCode", "fareType")),
    *NOTIFICATION_COLUMNS,
)
"""The columns of history items and notifications that the mapping reads; others are not kept."""

KIND = {"fare": PaymentPurpose.FARE, "tax": PaymentPurpose.TAX, "ticket": PaymentPurpose.TICKET}


def to_record(raw: Mapping[str, Any]) -> Record:
    """Return the payment in ``raw``; raise ``BadRecord`` with the field that cannot be read."""
    if "originalReferenceNo" in raw:
        return from_snap(raw)
    return from_classic(raw) if "transaction_id" in raw else _of_history(raw)


def _of_history(raw: Mapping[str, Any]) -> Record:
    info = within(raw, "additionalInfo")
    if (type_ := raw.get("type", "PAYMENT")) != "PAYMENT":
        raise BadRecord(f"type is {quote_code(type_)}; only PAYMENT was requested")
    reference = required(_reference(raw, info, "referenceNo"), "additionalInfo.referenceNo")
    partner, rrn = _reference(raw, info, "partnerReferenceNo"), _reference(raw, info, "rrn")
    status, source_status, unknown = _status(raw)
    at = time(raw.get("dateTime"), "dateTime")
    return Record(
        facts=_payment(info, reference, partner, rrn),
        external_id=reference,
        version=history_version(status),
        facts_version=RANK[status],
        status=status.value,
        source_status=source_status,
        occurred_at=at,
        updated_at=at,
        keys=tuple(Key("payment", value) for value in dict.fromkeys((reference, partner, rrn)) if value),
        amount=amount(raw),
        final=status in FINAL,
        unknown=unknown or _unknown_kind(info),
    )


def _payment(info: Mapping[str, Any], reference: str, partner: str | None, rrn: str | None) -> Payment:
    return Payment(
        reference=reference,
        partner_reference=partner,
        rrn=rrn,
        paid_for=KIND.get(string(info, "kind") or ""),
        merchant=required(string(info, "merchantId"), "additionalInfo.merchantId"),
        store=string(info, "storeId"),
        terminal=string(info, "terminalId"),
        corridor=string(info, "corridor"),
        bus=string(info, "busId"),
        stop=string(info, "halteCode"),
        fare_type=string(info, "fareType"),
    )


def _status(raw: Mapping[str, Any]) -> tuple[PaymentStatus, str, str | None]:
    """Return the status, its source code, and the field with an unknown code; the latest status counts first."""
    field, table = ("latestTransactionStatus", LATEST) if raw.get("latestTransactionStatus") else ("status", STATUS)
    source_status = required(string(raw, field), field)
    status = table.get(source_status.upper(), PaymentStatus.UNKNOWN)
    return status, source_status, field if status is PaymentStatus.UNKNOWN else None


def _unknown_kind(info: Mapping[str, Any]) -> str | None:
    kind = string(info, "kind")
    return None if kind is None or kind in KIND else "additionalInfo.kind"


def _reference(raw: Mapping[str, Any], info: Mapping[str, Any], name: str) -> str | None:
    return string(info, name) or string(raw, name)
