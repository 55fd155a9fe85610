"""The invented payments of the sandbox, and their items in the history.

Fares have the form of Midtrans (status names, +07:00), taxes and tickets that of other providers of the
standard (two-digit codes, times in UTC with ``Z``). Payers are invented.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from hub.connectors.gopay.signing import timestamp
from hub.demo.places import CORRIDORS, Corridor
from hub.demo.world import CitedPayment

_MERCHANTS = {
    "TRANSJATENG": ("TJ", "fare"),
    "TRANSSEMARANG": ("TS", "fare"),
    "BAPENDA": ("PJ", "tax"),
    "LOKET": ("LK", "ticket"),
}
_LINES = {name: [line for line in CORRIDORS if line.merchant == name] for name in _MERCHANTS}
_FARES = {"UMUM": 4_000, "PELAJAR": 2_000, "BURUH": 2_000}
# A pool holds each value as often as its share: a plain choice from it is much faster than a weighted one.
_MERCHANT_POOL = ("TRANSJATENG",) * 31 + ("TRANSSEMARANG",) * 12 + ("BAPENDA",) * 4 + ("LOKET",) * 3
_FARE_POOL = ("UMUM",) * 5 + ("PELAJAR",) * 3 + ("BURUH",) * 2
_STATUS_POOL = ("SUCCESS",) * 193 + ("CLOSED",) * 3 + ("CANCELLED",) * 3 + ("REFUNDED",)
_CITED_POOL = ("SUCCESS",) * 44 + ("CLOSED",) * 2 + ("CANCELLED",) + ("REFUNDED",) * 3
CODES = {"INIT": "01", "PENDING": "03", "SUCCESS": "00", "CLOSED": "00", "CANCELLED": "05", "REFUNDED": "04"}


@dataclass(slots=True)
class StoredPayment:
    """One payment. ``status`` is a name of the history, or an unknown one; ``amount`` is in rupiah.

    ``place`` is a number from which store, terminal and bus follow.
    """

    at: datetime
    reference: str
    partner: str
    rrn: str
    merchant: str
    amount: int
    status: str
    line: Corridor | None
    stop: str | None
    fare_type: str | None
    place: int

    def item(self, status: str | None = None) -> dict[str, Any]:
        """Return the item of the list (contract gopay#history-item), with its status or an older ``status``."""
        return {
            "dateTime": timestamp(self.at) if self.line else f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "amount": {"value": f"{self.amount}.00", "currency": "IDR"},
            "remark": "Pembayaran oleh Penumpang Uji" if self.place % 20 == 0 else "",
            "sourceOfFunds": [{"source": "BALANCE", "account": f"0899{self.place:08}"}],
            **self._status(status or self.status),
            "type": "PAYMENT",
            "additionalInfo": self._info(),
        }

    def detail(self) -> dict[str, Any]:
        """Return the body of the detail call (contract gopay#history-detail): no reference is in ``additionalInfo``."""
        item = self.item()
        info = item["additionalInfo"]
        return {"referenceNo": info.pop("referenceNo"), "partnerReferenceNo": info.pop("partnerReferenceNo"), **item}

    def _status(self, status: str) -> dict[str, str]:
        if not self.line:
            return {"latestTransactionStatus": CODES.get(status, "77"), "transactionStatusDesc": status.title()}
        if status == "REFUNDED":  # No status name exists for a refund, only a code.
            return {"status": "SUCCESS", "latestTransactionStatus": CODES[status]}
        return {"status": status}

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "referenceNo": self.reference,
            "partnerReferenceNo": self.partner,
            "rrn": self.rrn,
            "kind": _MERCHANTS[self.merchant][1],
            "merchantId": self.merchant,
            "storeId": f"{_MERCHANTS[self.merchant][0]}-{self.place % 40:03}",
            "terminalId": f"T{self.place % 900:05}",
            "payerName": "Penumpang Uji" if self.place % 20 == 0 else None,
        }
        if self.line:
            info |= {"corridor": self.line.code, "busId": f"{self.line.code}-{self.place % 14 + 1:02}"}
            info |= {"halteCode": self.stop, "fareType": self.fare_type}
        return info


def invented(at: datetime, number: str, rng: Random, status: str | None = None) -> StoredPayment:
    """Return a payment at ``at`` that no complaint cites; ``number`` is unique on its day."""
    merchant = rng.choice(_MERCHANT_POOL)
    prefix, kind = _MERCHANTS[merchant]
    line = rng.choice(_LINES[merchant]) if kind == "fare" else None
    fare_type = rng.choice(_FARE_POOL) if line else None
    price = rng.randrange(180, 4_800) * 500 + 90_000 if kind == "tax" else rng.randrange(1, 11) * 5_000
    amount = _FARES[fare_type] if fare_type else price
    status = status or rng.choice(_STATUS_POOL)
    return _stored(at, f"{prefix}-{at:%y%m%d}-{number}", merchant, amount, status, line, fare_type, rng)


def cited(payment: CitedPayment, rng: Random) -> StoredPayment:
    """Return the payment that a demo complaint cites."""
    line = next((line for line in _LINES[payment.merchant] if line.code == payment.corridor), None)
    fare_type = rng.choice([name for name, price in _FARES.items() if price == payment.amount]) if line else None
    amount, status = int(payment.amount), rng.choice(_CITED_POOL)
    return _stored(payment.paid_at, payment.reference, payment.merchant, amount, status, line, fare_type, rng)


def _stored(
    at: datetime,
    partner: str,
    merchant: str,
    amount: int,
    status: str,
    line: Corridor | None,
    fare_type: str | None,
    rng: Random,
) -> StoredPayment:
    digest = hashlib.blake2b(partner.encode(), digest_size=6).hexdigest()
    stop = rng.choice(line.stops) if line else None
    reference, rrn, place = f"A1{at:%y%m%d}{digest.upper()}", f"{int(digest, 16) % 10**12:012}", rng.randrange(10**6)
    return StoredPayment(at, reference, partner, rrn, merchant, amount, status, line, stop, fare_type, place)
