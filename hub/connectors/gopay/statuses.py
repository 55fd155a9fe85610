"""The provider's status codes, and the order of two items of one payment: tables and arithmetic."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.kinds import PaymentStatus

STATUS = {
    "INIT": PaymentStatus.INITIATED,
    "PENDING": PaymentStatus.PENDING,
    "SUCCESS": PaymentStatus.SUCCESS,
    "CLOSED": PaymentStatus.CLOSED,
    "CANCELLED": PaymentStatus.CANCELLED,
    "REFUNDED": PaymentStatus.REFUNDED,
}
"""``status`` of a history item (contract gopay#history-item)."""

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
"""``latestTransactionStatus`` (contract gopay#notifications).

07, "not found", contradicts the existence of the payment: unknown.
"""

CLASSIC = {
    "authorize": PaymentStatus.PENDING,
    "pending": PaymentStatus.PENDING,
    "capture": PaymentStatus.SUCCESS,
    "settlement": PaymentStatus.SUCCESS,
    "deny": PaymentStatus.CANCELLED,
    "cancel": PaymentStatus.CANCELLED,
    "expire": PaymentStatus.CANCELLED,
    "failure": PaymentStatus.CANCELLED,
    "refund": PaymentStatus.REFUNDED,
    "partial_refund": PaymentStatus.REFUNDED,
}
"""``transaction_status`` of a classic notification (contract gopay#classic-notification)."""

FRAUD = {"accept": PaymentStatus.SUCCESS, "challenge": PaymentStatus.PENDING, "deny": PaymentStatus.CANCELLED}
"""``fraud_status`` of a captured or settled payment → its status."""

FINAL = frozenset({PaymentStatus.SUCCESS, PaymentStatus.CLOSED, PaymentStatus.CANCELLED, PaymentStatus.REFUNDED})

RANK = {
    PaymentStatus.INITIATED: 1,
    PaymentStatus.PENDING: 2,
    PaymentStatus.UNKNOWN: 3,
    PaymentStatus.CANCELLED: 4,
    PaymentStatus.SUCCESS: 5,
    PaymentStatus.CLOSED: 6,
    PaymentStatus.REFUNDED: 7,
}
"""The history has no time of change, so the rank of a status is the version.

No two statuses share a rank, so that repeated and shuffled items end in the same record. An unknown
code is newer than a payment in progress and older than any outcome, so that it never hides or blocks
a movement of money.
"""

# A version has, from the highest bit: rank (3), from the history or not (1), time (35), content (14). A client in
# JavaScript could not read more than 53 bits.
_RANK, _HISTORY, _WHEN, _WHAT = 50, 1 << 49, 14, (1 << 14) - 1
_TIMED = 1 << 34
_PART = 1 << 53
"""More than any version: a version less this orders the facts of partial updates."""


def history_version(status: PaymentStatus) -> int:
    """Return the version of a history item: the newest of one status, because the item is complete."""
    return RANK[status] << _RANK | _HISTORY


def notification_version(
    status: PaymentStatus, at: datetime | None, sent: datetime | None, content: Mapping[str, Any]
) -> int:
    """Return the version of a notification: ordered by status, then time, then content.

    Without a time (``at``), the notification ``sent`` first counts, so that a repeat is not newer. The last bits order
    two notifications that differ in content only, whichever comes first.
    """
    when = _TIMED + int(at.timestamp()) if at else _TIMED - 1 - int(sent.timestamp()) if sent else 0
    what = zlib.crc32(json.dumps(content, sort_keys=True).encode()) & _WHAT
    return RANK[status] << _RANK | when << _WHEN | what


def partial_facts_version(version: int) -> int:
    """Return the ``facts_version`` of a partial update with this version."""
    return version - _PART
