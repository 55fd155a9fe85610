"""Checks parameters and bodies of calls strictly by contract perizinan."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from hub.connectors.perizinan.sandbox.applications import Place
from hub.demo.months import JAKARTA

STATUSES = (
    *("DITERIMA", "VERIFIKASI", "PERBAIKAN", "SURVEI", "PEMBAYARAN", "PERSETUJUAN", "TERBIT", "TERBIT_SEMENTARA"),
    *("DITOLAK", "DIBEKUKAN", "DICABUT", "DIBATALKAN"),
)
"""The values of ``status.kode`` (contract perizinan#status)."""
MOST_ROWS = 200
_STATUS_CODE, _TEXT = Field(pattern=f"^({'|'.join(STATUSES)})$"), Field(min_length=1, max_length=200)
_MESSAGES = {"missing": "wajib diisi", "extra_forbidden": "tidak dikenal"}


class Refused(Exception):
    """A call with wrong fields: the ``bidang`` of HTTP 422."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = dict(fields)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def read(cls, body: Any) -> Self:
        """Check a body of parsed JSON; raise ``Refused`` with every wrong field."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            wrong = {".".join(map(str, each["loc"])) or "badan": each["type"] for each in error.errors()}
        raise Refused({name: _MESSAGES.get(kind, "tidak sesuai") for name, kind in wrong.items()})


_MOMENT = Field(strict=False)


class NewStatus(_Form):
    """The body of ``PUT /permohonan/{id}/status``; a field that is left out stays as it is."""

    kode: str = _STATUS_CODE
    sejak: AwareDatetime = _MOMENT
    dasar: str = _TEXT
    kunci: str = _TEXT
    nomor_izin: str | None = Field(default=None, max_length=50)
    tgl_izin: date | None = Field(default=None, strict=False)
    berlaku_sampai: date | None = Field(default=None, strict=False)
    keterangan: str | None = Field(default=None, max_length=2_000)


class _Type(_Form):
    kode: str = Field(pattern=r"^\d{12}$")
    nama: str = _TEXT


class _Status(_Form):
    kode: str = _STATUS_CODE
    sejak: AwareDatetime = _MOMENT


class NewApplication(_Form):
    """The body of ``POST /permohonan``; ``kunci`` is the ``id_izin``."""

    kunci: str = _TEXT
    id_izin: str = _TEXT
    nib: str = Field(pattern=r"^\d{13}$")
    id_proyek: str = _TEXT
    jenis: _Type
    sektor: str = Field(pattern="^(PENDIDIKAN|KOPERASI|USAHA)$")
    kewenangan: str = Field(pattern="^0[012]$")
    wilayah: str = Field(pattern=r"^\d\d\.\d\d$")
    status: _Status
    dinas: str | None = None
    kbli: str | None = Field(default=None, pattern=r"^\d{5,7}$")
    kbli_edisi: int | None = None
    skala: str | None = None
    nomor_izin: str | None = Field(default=None, max_length=50)
    tgl_izin: date | None = Field(default=None, strict=False)
    berlaku_sampai: date | None = Field(default=None, strict=False)
    catatan: str | None = Field(default=None, max_length=2_000)

    @classmethod
    def read(cls, body: Any) -> Self:
        """Check a body; raise ``Refused`` with every wrong field."""
        form = super().read(body)
        if form.kunci != form.id_izin or form.id_izin != form.id_izin.strip():
            raise Refused({"kunci": "tidak sesuai"})
        return form


@dataclass(frozen=True, slots=True)
class Listing:
    """The parameters of the listing: the place after which it goes on, or the time it begins with."""

    limit: int
    since: datetime | None
    after: Place | None
    id_izin: str | None

    @classmethod
    def read(cls, params: QueryParams) -> Self:
        """Parse parameters; raise ``Refused`` with every wrong one."""
        wrong: dict[str, str] = {}
        limit = params.get("batas", "50")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 1 <= int(limit) <= MOST_ROWS):
            wrong["batas"] = f"1 sampai {MOST_ROWS}"
        since = parse_time(text) if (text := params.get("diubah_sejak")) else None
        if text and since is None:
            wrong["diubah_sejak"] = "tidak sesuai"
        after = _place(cursor) if (cursor := params.get("kursor")) else None
        if cursor and after is None:
            wrong["kursor"] = "tidak sesuai"
        if wrong or set(params) - {"batas", "diubah_sejak", "kursor", "id_izin"}:
            raise Refused(wrong or dict.fromkeys(params, "tidak dikenal"))
        return cls(int(limit), since, after, params.get("id_izin"))


def cursor_after(place: Place) -> str:
    """Return the opaque cursor that goes on after a place."""
    return base64.urlsafe_b64encode(f"{place[0]} {place[1]}".encode()).decode()


def parse_time(text: str) -> datetime | None:
    """Return a time with a zone, or one in the old form; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=JAKARTA)
        except ValueError:
            return None
    return at if at.tzinfo else None


def _place(cursor: str) -> Place | None:
    try:
        second, _, id_ = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return int(second), int(id_)
    except ValueError:
        return None
