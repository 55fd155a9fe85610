"""What the provider's status codes mean, and which of two words on one payment is the newer: tables, arithmetic."""

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
"""``latestTransactionStatus`` (contract B.6). 07, "not found", says nothing about a payment that is there: unknown."""

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
"""``transaction_status`` of a classic notification (contract B.7)."""

FRAUD = {"accept": PaymentStatus.SUCCESS, "challenge": PaymentStatus.PENDING, "deny": PaymentStatus.CANCELLED}
"""``fraud_status`` beside a payment that was captured or settled: what it then is."""

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
"""The history tells no time of change, so a status is its own version.

No two share a rank, so that repeated and shuffled items end alike, whatever their order. A code
nobody knows is newer than a payment under way and older than any outcome: it never hides that
money has moved, and never stands in the way of the news that it has.
"""

# A version has, from the highest bit: the rank (3), whether the history said so (1), when (35), what (14). More
# than 53 bits a client in JavaScript could not read.
_RANK, _HISTORY, _WHEN, _WHAT = 50, 1 << 49, 14, (1 << 14) - 1
_TIMED = 1 << 34
_PART = 1 << 53
"""More than any version: taken from one, what is left orders facts of words that say only part."""


def listed(status: PaymentStatus) -> int:
    """The version of an item of the history: of words with one status it is the newest, because it says all."""
    return RANK[status] << _RANK | _HISTORY


def notified(status: PaymentStatus, at: datetime | None, sent: datetime | None, said: Mapping[str, Any]) -> int:
    """The version of a notification: by its status, then by when that came about, then by what it says.

    Where it has no time (``at``), the one ``sent`` first holds, so that the same sent again is no news.
    The last bits let two that differ in nothing else have an order, whichever comes first.
    """
    when = _TIMED + int(at.timestamp()) if at else _TIMED - 1 - int(sent.timestamp()) if sent else 0
    what = zlib.crc32(json.dumps(said, sort_keys=True).encode()) & _WHAT
    return RANK[status] << _RANK | when << _WHEN | what


def of_part(version: int) -> int:
    """The order of the facts in a word with this version that says only part of them."""
    return version - _PART
