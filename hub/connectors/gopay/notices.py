"""From a notification to a payment: pure. It says how a payment stands and little of what it was for.

What it does not say is left to the history, whose items are of the same record (contract B.6, B.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.connectors.base import Record
from hub.connectors.gopay.fields import amount, local_time, required, rupiah, string, within
from hub.connectors.gopay.statuses import CLASSIC, FINAL, FRAUD, LATEST, notified, of_part
from hub.kinds import Key, Payment, PaymentStatus

SENT, PARTNER = "X-TIMESTAMP", "X-PARTNER-ID"
"""Headers of a call that its item keeps: when it was signed, and for whom."""

_PAID = frozenset({PaymentStatus.SUCCESS, PaymentStatus.REFUNDED})
_ENVELOPE = frozenset({SENT, PARTNER})


def of_snap(raw: Mapping[str, Any]) -> Record:
    """A notification of SNAP, for direct debit or QRIS (contract B.6)."""
    info = within(raw, "additionalInfo", optional=True)
    reference = required(string(raw, "originalReferenceNo"), "originalReferenceNo")
    told = required(string(raw, "latestTransactionStatus"), "latestTransactionStatus")
    status = LATEST.get(told, PaymentStatus.UNKNOWN)
    made = _time(raw, "createdTime") or _time(info, "paidTime", "additionalInfo.paidTime")
    came = _time(raw, "finishedTime") or _time(info, "paidTime", "additionalInfo.paidTime") or made
    sent = local_time(raw.get(SENT), SENT)
    return _record(
        Payment(
            reference=reference,
            partner_reference=string(raw, "originalPartnerReferenceNo"),
            rrn=string(info, "rrn", "additionalInfo.rrn"),
            merchant=_merchant(raw, info),
            store=string(raw, "externalStoreId"),
            **_UNTOLD,
        ),
        (status, told, None if status is not PaymentStatus.UNKNOWN else "latestTransactionStatus"),
        made=made or came or sent,
        came=came or made or sent,
        version=notified(status, came, sent, _said(raw)),
        paid=amount(raw) if raw.get("amount") is not None else None,
    )


def of_classic(raw: Mapping[str, Any]) -> Record:
    """A classic notification of Midtrans: ``transaction_id`` is the provider's reference, ``order_id`` ours (B.7)."""
    reference = required(string(raw, "transaction_id"), "transaction_id")
    made = local_time(required(string(raw, "transaction_time"), "transaction_time"), "transaction_time")
    came = _time(raw, "settlement_time") or made
    status, told, unknown = _classic_status(raw)
    return _record(
        Payment(
            reference=reference,
            partner_reference=required(string(raw, "order_id"), "order_id"),
            rrn=None,
            merchant=required(string(raw, "merchant_id"), "merchant_id"),
            store=None,
            **_UNTOLD,
        ),
        (status, told, unknown),
        made=made,
        came=came,
        version=notified(status, came, None, _said(raw)),
        paid=rupiah(raw.get("gross_amount"), "gross_amount", raw.get("currency", "IDR"), "currency"),
    )


_UNTOLD: dict[str, None] = dict.fromkeys(("paid_for", "terminal", "corridor", "bus", "stop", "fare_type"))


def _record(
    facts: Payment,
    status: tuple[PaymentStatus, str, str | None],
    *,
    made: datetime,
    came: datetime,
    version: int,
    paid: Decimal | None,
) -> Record:
    references = dict.fromkeys((facts.reference, facts.partner_reference, facts.rrn))
    return Record(
        facts=facts,
        external_id=facts.reference,
        version=version,
        facts_version=of_part(version),
        status=status[0].value,
        told=status[1],
        unknown=status[2],
        final=status[0] in FINAL,
        occurred_at=made,
        updated_at=came,
        amount=paid,
        keys=tuple(Key("payment", value) for value in references if value),
    )


def _merchant(raw: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """The merchant by the first name there is; a QRIS notification may have no more than the partner's."""
    merchant = string(raw, "merchantId") or string(info, "merchantId", "additionalInfo.merchantId")
    return required(merchant or string(info, "nmid", "additionalInfo.nmid") or string(raw, PARTNER), "merchantId")


def _classic_status(raw: Mapping[str, Any]) -> tuple[PaymentStatus, str, str | None]:
    """The status, the code as told, and the field whose code is not known.

    The signature covers ``status_code`` and not ``transaction_status``, so money counts as moved only
    where both say so.
    """
    told = required(string(raw, "transaction_status"), "transaction_status")
    status, code = CLASSIC.get(told), string(raw, "status_code")
    if status is None:
        return PaymentStatus.UNKNOWN, told, "transaction_status"
    if status in _PAID and code != "200":
        return PaymentStatus.UNKNOWN, told, "status_code"
    if status is PaymentStatus.SUCCESS and (fraud := string(raw, "fraud_status")):
        status = FRAUD.get(fraud, PaymentStatus.UNKNOWN)
        return status, told, "fraud_status" if status is PaymentStatus.UNKNOWN else None
    return status, told, None


def _time(raw: Mapping[str, Any], name: str, path: str | None = None) -> datetime | None:
    return local_time(raw[name], path or name) if raw.get(name) else None


def _said(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What it says, without what a repeat has anew."""
    return {name: value for name, value in raw.items() if name not in _ENVELOPE}
