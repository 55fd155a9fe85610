"""Maps rows of the licensing app (contract perizinan#row) to records; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from hub.complaints import areas
from hub.complaints.agencies import find_code
from hub.connectors.item_text import one_line
from hub.connectors.perizinan.statuses import FINAL, STATUS, clock_of
from hub.contract import Record
from hub.errors import BadRecord
from hub.kinds import BusinessScale, Key, Permit, PermitAuthority, PermitSector, PermitStatus

JAKARTA = ZoneInfo("Asia/Jakarta")

PERSONAL = ("pemohon",)
"""The applicant, who is never needed."""

COLUMNS = (
    *("id", "nomor", "id_izin", "nib", "id_proyek", "jenis.kode", "jenis.nama", "sektor", "kewenangan", "dinas"),
    *("wilayah", "kbli", "kbli_edisi", "skala", "status.kode", "status.sejak", "nomor_izin", "tgl_izin"),
    *("berlaku_sampai", "diubah_pada"),
)
"""The columns that the mapping reads; ``catatan``, in which people are named, is not kept."""

STATUS_FIELD = "status.kode"
SECTOR = MappingProxyType(
    {
        "PENDIDIKAN": PermitSector.EDUCATION,
        "KOPERASI": PermitSector.COOPERATIVES,
        "USAHA": PermitSector.BUSINESS,
    }
)
AUTHORITY = MappingProxyType(
    {"00": PermitAuthority.CENTRE, "01": PermitAuthority.PROVINCE, "02": PermitAuthority.REGENCY}
)
SCALE = MappingProxyType(dict(zip(("01", "02", "03", "04"), BusinessScale, strict=True)))
"""``skala`` is the code of OSS (contract oss#code-lists)."""

_LONGEST, _LONGEST_CODE = 500, 40
_LEGACY = re.compile(r"\d{2}-\d{2}-\d{4} \d{2}:\d{2}", re.ASCII)
_NIB, _KBLI = re.compile(r"\d{13}", re.ASCII), re.compile(r"\d{5,7}", re.ASCII)


def to_record(raw: Mapping[str, Any]) -> Record:
    """Return the permit in a row; raise ``BadRecord`` with the field that cannot be read."""
    source_status = _required(_object(raw, "status"), "kode", "status.kode")
    status = STATUS.get(source_status.upper(), PermitStatus.UNKNOWN)
    facts = _permit(raw, status)
    changed = _time(raw.get("diubah_pada"), "diubah_pada")
    return Record(
        facts=facts,
        external_id=str(_number(raw, "id")),
        version=int(changed.timestamp()),
        status=status.value,
        source_status=source_status,
        occurred_at=_time(_object(raw, "status").get("sejak"), "status.sejak"),
        updated_at=changed,
        keys=_keys(facts),
        final=status in FINAL,
        unknown=STATUS_FIELD if status is PermitStatus.UNKNOWN else None,
    )


def _permit(raw: Mapping[str, Any], status: PermitStatus) -> Permit:
    kind, clock = _object(raw, "jenis"), clock_of(status)
    office, nib, kbli = _text(raw, "dinas"), _text(raw, "nib"), _text(raw, "kbli")
    if nib and not _NIB.fullmatch(nib):
        raise BadRecord("nib is not 13 digits")
    if kbli and not _KBLI.fullmatch(kbli):
        raise BadRecord("kbli is not 5 to 7 digits")
    area = _text(raw, "wilayah")
    return Permit(
        permit_id=_text(raw, "id_izin"),
        application_number=_required(raw, "nomor"),
        number=_text(raw, "nomor_izin"),
        nib=nib,
        project_id=_text(raw, "id_proyek"),
        type_code=_text(kind, "kode"),
        type_name=_text(kind, "nama"),
        sector=SECTOR.get((_text(raw, "sektor") or "").upper()),
        authority=AUTHORITY.get(_text(raw, "kewenangan") or ""),
        agency_code=find_code(office) if office else None,
        office=office,
        area_code=area if area in areas.BY_CODE else None,
        kbli=kbli,
        kbli_edition=_edition(raw),
        scale=SCALE.get(_text(raw, "skala") or ""),
        issued_on=_day(raw, "tgl_izin"),
        valid_until=_day(raw, "berlaku_sampai"),
        clock=clock.value if clock else None,
    )


def _keys(permit: Permit) -> tuple[Key, ...]:
    numbers = dict.fromkeys((permit.permit_id, permit.application_number, permit.number))
    return (
        *(Key("permit", number) for number in numbers if number),
        *((Key("nib", permit.nib, personal=True),) if permit.nib else ()),
        *((Key("agency", permit.agency_code),) if permit.agency_code else ()),
        *((Key("area", permit.area_code),) if permit.area_code else ()),
    )


def time_of(value: Any) -> datetime | None:
    """Return a time with its zone, or one of a row entered before 2026, which is Jakarta's; None for any other."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        if _LEGACY.fullmatch(text):
            return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=JAKARTA)
        at = datetime.fromisoformat(text)
        return at if at.tzinfo and 1900 < at.year < 2200 else None
    except ValueError:
        return None


def _time(value: Any, field: str) -> datetime:
    if (at := time_of(value)) is None:
        raise BadRecord(f"{field} is neither a time with a zone nor one like 31-01-2025 13:45")
    return at


def _day(raw: Mapping[str, Any], field: str) -> str | None:
    text = _text(raw, field)
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadRecord(f"{field} is not a day like 2026-01-31") from None


def _edition(raw: Mapping[str, Any]) -> int | None:
    value = raw.get("kbli_edisi")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 2000 <= value <= 2100:
        raise BadRecord("kbli_edisi is not a year")
    return value


def _number(raw: Mapping[str, Any], field: str) -> int:
    value = raw.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**53:
        raise BadRecord(f"{field} is not a positive number")
    return value


def _object(raw: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = raw.get(field)
    if not isinstance(value, dict):
        raise BadRecord(f"{field} is not an object")
    return value


def _text(raw: Mapping[str, Any], field: str) -> str | None:
    """Return a field without blanks around it and invisible characters; null, ``""`` and a missing one are None."""
    value = raw.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise BadRecord(f"{field} is not text of at most {_LONGEST} characters")
    return one_line(value)


def _required(raw: Mapping[str, Any], field: str, shown: str = "") -> str:
    text = _text(raw, field)
    if not text or len(text) > _LONGEST_CODE:
        raise BadRecord(f"{shown or field} is empty or too long")
    return text
