"""Splits the document of a business into its business and its permits, without its people; pure.

Contract oss#receive-nib. The items have only the fields that are named here, so people in places that no contract
names are dropped as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.contract import Raw

BUSINESS = (
    *("nib", "nama_perseroan", "npwp_perseroan", "jenis_perseroan", "jenis_pelaku_usaha", "perseroan_daerah_id"),
    *("status_nib", "tipe_dokumen", "tgl_pengajuan_nib", "tgl_terbit_nib", "tgl_perubahan_nib"),
)
PERMIT = (
    *("id_izin", "kd_izin", "id_proyek", "kd_daerah", "kewenangan", "nama_izin", "instansi", "flag_checklist"),
    *("no_izin", "tgl_izin", "status_checklist"),
)
OF_DOCUMENT = ("nib", "tipe_dokumen", "tgl_pengajuan_nib", "tgl_perubahan_nib")
PROJECT = ("kbli", "sektor", "skala_usaha")
REQUIREMENT = ("id_syarat", "no_dokumen")
LICENCE = (
    *("nib", "id_proyek", "id_izin", "kd_izin", "kd_daerah", "kewenangan", "kd_status", "uraian_status"),
    *("tgl_status", "no_izin", "tgl_izin", "tgl_berlaku"),
)
"""Fields of the answer about one permit (contract oss#inquery-license)."""


def business_id(nib: str) -> str:
    """Return the external id of a business, which no permit can have."""
    return f"NIB-{nib}"


def split(document: Mapping[str, Any]) -> list[Raw]:
    """Return the item of the business, then one of each permit."""
    projects = _rows(document.get("data_proyek"))
    business = {
        "id": business_id(_plain(document.get("nib"))),
        "usaha": _select(document, BUSINESS) | {"proyek": [_select(each, PROJECT) for each in projects]},
    }
    by_id = {_plain(project.get("id_proyek")): project for project in projects}
    return [business, *(_permit(document, row, by_id) for row in _rows(document.get("data_checklist")) if _is(row))]


def permit_item(answer: Mapping[str, Any], document: Mapping[str, Any] | None) -> Raw:
    """Return the item of one permit: the answer to a look-up, with the fields of its document."""
    id_ = _plain(answer.get("id_izin"))
    found = [item for item in split(document or {}) if item["id"] == id_ and "izin" in item]
    return {"id": id_, **(found[0] if found else {}), "status": _select(answer, LICENCE)}


def _permit(document: Mapping[str, Any], row: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]) -> Raw:
    project = projects.get(_plain(row.get("id_proyek")), {})
    permit = {
        **_select(row, PERMIT),
        **_select(document, OF_DOCUMENT),
        **_select(project, PROJECT),
        "syarat": [_select(each, REQUIREMENT) for each in _rows(row.get("data_persyaratan"))],
    }
    return {"id": _plain(row.get("id_izin")), "izin": permit}


def _is(row: Mapping[str, Any]) -> bool:
    return bool(_plain(row.get("id_izin")))


def _rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; a single object counts as a list of one."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]


def _select(row: Mapping[str, Any], names: Iterable[str]) -> Raw:
    return {name: row[name] for name in names if name in row}


def _plain(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
