"""The rows of the perizinan sandbox as it sends them, with their irregularities (contract perizinan#row)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.connectors.perizinan.sandbox.applications import COPIES, COUNTER, CREATED, OLD, Application, number_of
from hub.connectors.sandbox_traps import Traps
from hub.demo.months import JAKARTA

Json = dict[str, Any]
UNKNOWN_STATUS = "DIALIHKAN"
TRAPS = {
    "old_dates": "times before 2026 are written as d-m-Y H:i, without a zone",
    "counter": "one row in 25 has no id_izin, though OSS has the permit",
    "blanks": "one id_izin in 40 ends with spaces",
    "unknown_statuses": "one row in 300 has a status that no contract names, until its status changes",
    "no_edition": "one row in ten has no kbli_edisi",
    "people_in_notes": "one catatan in 20 names a person",
    "duplicates": "one row in 200 has a copy with the same nomor, without id_izin, that stands where it began",
}


def moment(at: datetime, traps: Traps) -> str:
    """Return a time as the app writes it."""
    local = at.astimezone(JAKARTA)
    return f"{local:%d-%m-%Y %H:%M}" if traps.on("old_dates") and at < OLD else local.isoformat(timespec="seconds")


def shown_id(application: Application, traps: Traps) -> str | None:
    """Return ``id_izin`` as a row shows it."""
    number = number_of(application)
    if application.id_izin is None or application.id >= CREATED:
        return application.id_izin
    if traps.on("counter") and number % 25 == 4:
        return None
    return f"{application.id_izin}  " if traps.on("blanks") and number % 40 == 9 else application.id_izin


def is_listed(application_id: int, traps: Traps) -> bool:
    """Return whether a row is there at all: the second copies are not, without their trap."""
    return not COPIES <= application_id < COUNTER or traps.on("duplicates")


def row(application: Application, traps: Traps) -> Json:
    """Return the whole row."""
    number = number_of(application)
    unknown = traps.on("unknown_statuses") and number % 300 == 17 and not application.touched
    note = application.catatan
    if traps.on("people_in_notes") and number % 20 == 6 and application.applicant:
        note = f"{note} Berkas diantar oleh {application.applicant['nama']}".strip()
    shown: Json = {
        "id": application.id,
        "nomor": application.nomor,
        "id_izin": shown_id(application, traps),
        "nib": application.nib,
        "id_proyek": application.id_proyek,
        "jenis": {"kode": application.kd_izin, "nama": application.nama_izin},
        "sektor": application.sektor,
        "kewenangan": application.kewenangan,
        "dinas": application.dinas,
        "wilayah": application.wilayah,
        "kbli": application.kbli,
        "kbli_edisi": application.kbli_edisi,
        "skala": application.skala,
        "pemohon": application.applicant or None,
        "status": {
            "kode": UNKNOWN_STATUS if unknown else application.kode,
            "sejak": moment(application.sejak, traps),
        },
        "nomor_izin": application.nomor_izin,
        "tgl_izin": f"{application.tgl_izin}" if application.tgl_izin else None,
        "berlaku_sampai": f"{application.berlaku_sampai}" if application.berlaku_sampai else None,
        "catatan": note,
        "diubah_pada": moment(application.diubah_pada, traps),
    }
    if application.kbli_edisi is None or (traps.on("no_edition") and number % 10 == 8):
        del shown["kbli_edisi"]
    return shown
