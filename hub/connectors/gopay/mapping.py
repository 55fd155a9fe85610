"""From what the provider says of a payment to a record: pure, with the personal fields as data.

Items of the list, answers of the detail call and notifications are told apart by their fields. The
first have their references in ``additionalInfo``, the second beside it (contract B.4, B.5, L.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connectors.base import Record
from hub.connectors.gopay.fields import amount, required, string, time, within
from hub.connectors.gopay.notices import of_classic, of_snap
from hub.connectors.gopay.statuses import FINAL, LATEST, RANK, STATUS, listed
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

KIND = {"fare": PaidFor.FARE, "tax": PaidFor.TAX, "ticket": PaidFor.TICKET}


def to_record(raw: Mapping[str, Any]) -> Record:
    """The payment ``raw`` tells of; ``BadRecord`` names the field that cannot be read."""
    if "originalReferenceNo" in raw:
        return of_snap(raw)
    return of_classic(raw) if "transaction_id" in raw else _of_history(raw)


def _of_history(raw: Mapping[str, Any]) -> Record:
    info = within(raw, "additionalInfo")
    if (type_ := raw.get("type", "PAYMENT")) != "PAYMENT":
        raise BadRecord(f"type is {type_!r:.40}; only PAYMENT was asked for")
    reference = required(_reference(raw, info, "referenceNo"), "additionalInfo.referenceNo")
    partner, rrn = _reference(raw, info, "partnerReferenceNo"), _reference(raw, info, "rrn")
    status, told, unknown = _status(raw)
    at = time(raw.get("dateTime"), "dateTime")
    return Record(
        facts=_payment(info, reference, partner, rrn),
        external_id=reference,
        version=listed(status),
        facts_version=RANK[status],
        status=status.value,
        told=told,
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
    """The status, the code as told, and the field whose code is unknown; the latest status outranks the listed one."""
    field, table = ("latestTransactionStatus", LATEST) if raw.get("latestTransactionStatus") else ("status", STATUS)
    told = required(string(raw, field), field)
    status = table.get(told.upper(), PaymentStatus.UNKNOWN)
    return status, told, field if status is PaymentStatus.UNKNOWN else None


def _unknown_kind(info: Mapping[str, Any]) -> str | None:
    kind = string(info, "kind")
    return None if kind is None or kind in KIND else "additionalInfo.kind"


def _reference(raw: Mapping[str, Any], info: Mapping[str, Any], name: str) -> str | None:
    return string(info, name) or string(raw, name)
