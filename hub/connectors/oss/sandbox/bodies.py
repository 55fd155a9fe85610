"""Checks the bodies of calls by contract oss#outbound, strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.connectors.oss.sandbox.codes import EXPLANATIONS, STATUSES
from hub.demo.months import JAKARTA

_TIME = "%Y-%m-%d %H:%M:%S"
_MOST = {"nomor_izin": 50, "nip_ttd": 25, "jabatan_ttd": 150}
_STATUS_FIELDS = frozenset(
    (
        *("nib", "id_produk", "id_proyek", "oss_id", "id_izin", "kd_izin", "kd_instansi", "kd_status", "tgl_status"),
        *("nip_status", "nama_status", "keterangan", "file_lampiran", "persetujuan_form", "data_pnbp"),
    )
)
_LICENCE_FIELDS = frozenset(
    (
        *("nib", "id_proyek", "oss_id", "id_izin", "kd_izin", "kd_daerah", "nomor_izin", "tgl_terbit_izin"),
        *("tgl_berlaku_izin", "nama_ttd", "nip_ttd", "jabatan_ttd", "status_izin", "file_izin", "keterangan"),
        *("file_lampiran", "nomenklatur_nomor_izin", "bln_berlaku_izin", "thn_berlaku_izin", "jenis_perizinan"),
        "data_teknis",
    )
)


class Failure(Exception):
    """A failure that OSS reports within an answer of HTTP 200; ``code`` is from list 9."""

    def __init__(self, code: int, explanation: str = "") -> None:
        super().__init__(code, explanation)
        self.code, self.explanation = code, explanation or EXPLANATIONS.get(code, "")


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The content of ``receiveLicenseStatus``."""

    nib: str
    permit_id: str
    permit_type: str
    instansi: str
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FinalPermit:
    """The content of ``receiveLicense``."""

    nib: str
    permit_id: str
    permit_type: str
    area: str
    number: str
    issued_on: date
    valid_until: date | None
    code: str


def wrapped(body: Any, *names: str) -> Mapping[str, Any]:
    """Return the object under one of ``names``, which is all that the body has."""
    if isinstance(body, dict) and len(body) == 1:
        for name in names:
            if isinstance(body.get(name), dict):
                return body[name]  # type: ignore[no-any-return]
    raise Failure(400, f"{names[0]} wajib diisi")


def text(content: Mapping[str, Any], name: str, pattern: str = r".+") -> str:
    """Return a required text."""
    value = content.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII | re.DOTALL):
        raise Failure(400, f"{name} tidak sesuai")
    return value


def status_report(body: Any) -> StatusReport:
    """Return the content of ``receiveLicenseStatus``; raise ``Failure`` for a wrong field."""
    content = wrapped(body, "IZINSTATUS")
    _check_names(content, _STATUS_FIELDS)
    if content.get("data_pnbp") is not None and not isinstance(content["data_pnbp"], dict):
        raise Failure(400, "data_pnbp tidak sesuai")
    return StatusReport(
        nib=text(content, "nib", r"\d{13}"),
        permit_id=text(content, "id_izin"),
        permit_type=text(content, "kd_izin", r"\d{12}"),
        instansi=text(content, "kd_instansi"),
        code=_status(content, "kd_status"),
        at=_time(content, "tgl_status"),
    )


def final_permit(body: Any) -> FinalPermit:
    """Return the content of ``receiveLicense``; raise ``Failure`` for a wrong field."""
    content = wrapped(body, "IZINFINAL")
    _check_names(content, _LICENCE_FIELDS)
    for name, most in _MOST.items():
        if len(str(content.get(name) or "")) > most:
            raise Failure(400, f"{name} lebih dari {most} karakter")
    return FinalPermit(
        nib=text(content, "nib", r"\d{13}"),
        permit_id=text(content, "id_izin"),
        permit_type=text(content, "kd_izin", r"\d{12}"),
        area=text(content, "kd_daerah", r"\d{10}"),
        number=text(content, "nomor_izin"),
        issued_on=_day(content, "tgl_terbit_izin"),
        valid_until=_day(content, "tgl_berlaku_izin") if content.get("tgl_berlaku_izin") else None,
        code=_status(content, "status_izin"),
    )


def _check_names(content: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(content) - known):
        raise Failure(400, f"{unknown[0]} tidak dikenal")


def _status(content: Mapping[str, Any], name: str) -> str:
    code = text(content, name, r"\d{2}")
    if code not in STATUSES:
        raise Failure(400, f"{name} tidak dikenal")
    return code


def _time(content: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.strptime(text(content, name, r"[\d :-]{19}"), _TIME).replace(tzinfo=JAKARTA)
    except ValueError:
        raise Failure(400, f"{name} tidak sesuai") from None


def _day(content: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(text(content, name, r"[\d-]{10}"))
    except ValueError:
        raise Failure(400, f"{name} tidak sesuai") from None
