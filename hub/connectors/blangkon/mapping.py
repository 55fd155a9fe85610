"""From a row of the realised orders (contract C.3, L.3) to a record; pure.

ISB, the door that closes, told the same columns in a bare array: its rows map the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from hub.connectors.base import Record
from hub.connectors.blangkon.crosswalk import agency_of
from hub.errors import BadRecord
from hub.kinds import Key, Order, OrderStatus

JAKARTA = ZoneInfo("Asia/Jakarta")

PERSONAL = ("nama_pemesan",)
"""Who ordered: an official's name, which nobody needs to follow an order."""

STATUS_FIELD = "status_konfirmasi_ppmse"
STATUS = MappingProxyType(
    {
        "": OrderStatus.PENDING,
        "menunggu": OrderStatus.PENDING,
        "proses": OrderStatus.PENDING,
        "diproses": OrderStatus.PENDING,
        "selesai": OrderStatus.COMPLETED,
        "gagal": OrderStatus.FAILED,
    }
)
"""What the marketplace confirmed, in lower case → status. Only selesai and gagal are published (C.3)."""

FINAL = frozenset({OrderStatus.COMPLETED, OrderStatus.FAILED})


def to_record(raw: Mapping[str, Any]) -> Record:
    """The order a row tells of; ``BadRecord`` names the field that cannot be read.

    The feed has no version and no time of change. Any answer of the marketplace counts as newer than
    waiting for one, so that an old row of the same order, told again, never reopens it; of equals
    the last in feed order holds.
    """
    told = _text(raw, STATUS_FIELD) or ""
    status = STATUS.get(told.lower(), OrderStatus.UNKNOWN)
    at = _time(raw, "tanggal_transaksi")
    facts = _order(raw)
    return Record(
        facts=facts,
        external_id=facts.order_id,
        version=int(status is not OrderStatus.PENDING),
        status=status.value,
        told=told,
        occurred_at=at,
        updated_at=at,
        keys=_keys(facts),
        amount=_rupiah(raw, "valuasi"),
        final=status in FINAL,
        unknown=STATUS_FIELD if status is OrderStatus.UNKNOWN else None,
    )


def supplier_key(marketplace: str, supplier: str) -> str:
    """``marketplace|name`` in lower case without punctuation: a label, for two firms may share a name (L.3).

    >>> supplier_key("mbiz market", "CV. Randu  Kencana")
    'mbiz market|cv randu kencana'
    """
    return f"{_folded(marketplace)}|{_folded(supplier)}"


def _order(raw: Mapping[str, Any]) -> Order:
    marketplace = _needed(raw, "marketplace")
    supplier = _needed(raw, "merchant_name", "nama_merchant")
    unit = _text(raw, "nama_satker")
    return Order(
        order_id=_needed(raw, "order_id"),
        description=_text(raw, "order_desc"),
        category=_text(raw, "kategori"),
        payment_method=_text(raw, "metode_bayar"),
        marketplace=marketplace,
        supplier=supplier,
        supplier_key=supplier_key(marketplace, supplier),
        supplier_city=_text(raw, "kota_kab"),
        agency_code=agency_of(_text(raw, "kd_satker"), unit),
        unit=unit,
        note=_text(raw, "keterangan_ppmse"),
    )


def _keys(order: Order) -> tuple[Key, ...]:
    agency = (Key("agency", order.agency_code),) if order.agency_code else ()
    return (Key("order", order.order_id), *agency, Key("supplier", order.supplier_key))


def _text(raw: Mapping[str, Any], field: str) -> str | None:
    """A field as text with single spaces; the feed says nothing by null, by leaving out, and by ``""``."""
    value = raw.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRecord(f"{field} is not text")
    return " ".join(str(value).split()) or None


def _needed(raw: Mapping[str, Any], *spellings: str) -> str:
    for field in spellings:
        if value := _text(raw, field):
            return value
    raise BadRecord(f"{' and '.join(spellings)} {'is' if len(spellings) == 1 else 'are'} empty")


def _time(raw: Mapping[str, Any], field: str) -> datetime:
    try:
        return datetime.strptime(_needed(raw, field), "%Y-%m-%d %H:%M:%S").replace(tzinfo=JAKARTA)
    except ValueError:
        raise BadRecord(f"{field} is not a time like 2026-01-31 13:45:00") from None


def _rupiah(raw: Mapping[str, Any], field: str) -> Decimal:
    value = raw.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRecord(f"{field} is not a whole number of rupiah")
    return Decimal(value)


def _folded(name: str) -> str:
    return re.sub(r"[^\w]+", " ", name.casefold()).strip()
