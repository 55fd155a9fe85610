"""Maps rows of the realised orders (contract blangkon#order-row) to records; pure.

ISB, the interface that is being closed, has the same columns in a bare array: its rows map in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from unicodedata import category, normalize
from zoneinfo import ZoneInfo

from hub.connectors.blangkon.agency_codes import agency_of
from hub.connectors.item_text import one_line
from hub.contract import Record
from hub.errors import BadRecord
from hub.kinds import Key, Order, OrderStatus

JAKARTA = ZoneInfo("Asia/Jakarta")

PERSONAL = ("nama_pemesan",)
"""The name of the official who ordered, which is not needed."""

PROSE = ("order_desc", "keterangan_ppmse")
"""Text written by people: a description may name a person."""

COLUMNS = (
    *("order_id", "kategori", "metode_bayar", "marketplace", "merchant_name", "nama_merchant", "kota_kab"),
    *("kd_satker", "nama_satker", "status_konfirmasi_ppmse", "tanggal_transaksi", "valuasi"),
    *PROSE,
)
"""The columns that the mapping reads (contract blangkon#order-row); others are not kept."""

STATUS_FIELD = "status_konfirmasi_ppmse"
STATUS = MappingProxyType(
    {
        "": OrderStatus.PENDING,
        "selesai": OrderStatus.COMPLETED,
        "gagal": OrderStatus.FAILED,
    }
)
"""Confirmation of the marketplace, in lower case → status. Only selesai and gagal are documented;
that the column is empty before is an assumption."""

FINAL = frozenset({OrderStatus.COMPLETED, OrderStatus.FAILED})


def to_record(raw: Mapping[str, Any]) -> Record:
    """Return the order in a row; raise ``BadRecord`` with the field that cannot be read.

    The feed has no version and no time of change. A confirmed row counts as newer than an unconfirmed one, so that an
    old row of the same order never reopens it; of equal versions the last in feed order counts.
    """
    source_status = _text(raw, STATUS_FIELD) or ""
    status = STATUS.get(source_status.lower(), OrderStatus.UNKNOWN)
    at = _time(raw, "tanggal_transaksi")
    facts = _order(raw)
    return Record(
        facts=facts,
        external_id=facts.order_id,
        version=int(status is not OrderStatus.PENDING),
        status=status.value,
        source_status=source_status,
        occurred_at=at,
        updated_at=at,
        keys=_keys(facts),
        amount=_rupiah(raw, "valuasi"),
        final=status in FINAL,
        unknown=STATUS_FIELD if status is OrderStatus.UNKNOWN else None,
    )


def supplier_key(marketplace: str, supplier: str) -> str:
    """Return ``marketplace|name`` in lower case without punctuation (contract blangkon#suppliers).

    >>> supplier_key("mbiz market", "CV. Randu  Kencana")
    'mbiz market|cv randu kencana'
    """
    return f"{_folded(marketplace)}|{_folded(supplier)}"


def _order(raw: Mapping[str, Any]) -> Order:
    marketplace = _required(raw, "marketplace")
    supplier = _required(raw, "merchant_name", "nama_merchant")
    unit = _text(raw, "nama_satker")
    return Order(
        order_id=_required(raw, "order_id"),
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
    """Return a field as text with single spaces and without invisible characters, which pasted names have.

    Null, ``""`` and a missing field count as None.
    """
    value = raw.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRecord(f"{field} is not text")
    return one_line(str(value))


def _required(raw: Mapping[str, Any], *spellings: str) -> str:
    for field in spellings:
        if value := _text(raw, field):
            return value
    raise BadRecord(f"{' and '.join(spellings)} {'is' if len(spellings) == 1 else 'are'} empty")


def _time(raw: Mapping[str, Any], field: str) -> datetime:
    try:
        return datetime.strptime(_required(raw, field), "%Y-%m-%d %H:%M:%S").replace(tzinfo=JAKARTA)
    except ValueError:
        raise BadRecord(f"{field} is not a time like 2026-01-31 13:45:00") from None


def _rupiah(raw: Mapping[str, Any], field: str) -> Decimal:
    value = raw.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRecord(f"{field} is not a whole number of rupiah")
    return Decimal(value)


def _folded(name: str) -> str:
    """Return letters, marks and numbers in one form; a name without any stays as it is, to remain distinct."""
    form = normalize("NFKC", normalize("NFKC", name).casefold())
    kept = "".join(sign if category(sign)[0] in "LMN" else " " for sign in form)
    return " ".join(kept.split()) or form.strip()
