"""Makes the row of a permit that the app does not have yet from the facts of another system; pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hub.connectors.perizinan.mapping import AUTHORITY, JAKARTA, SCALE, SECTOR
from hub.connectors.perizinan.outbound import code_of
from hub.contract import Raw, Record
from hub.errors import Refused
from hub.kinds import Permit, PermitStatus

REQUIRED = ("permit_id", "nib", "project_id", "type_code", "type_name", "sector", "authority", "area_code")
"""The facts without which the app refuses a row."""


def _reversed(codes: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({str(value): code for code, value in codes.items()})


_SECTOR, _AUTHORITY, _SCALE = _reversed(SECTOR), _reversed(AUTHORITY), _reversed(SCALE)


def new_row(record: Record) -> Raw:
    """Return the columns of contract perizinan#writes; raise ``Refused`` if the app needs a fact that is not known."""
    permit = record.facts
    assert isinstance(permit, Permit)
    if missing := [name for name in REQUIRED if not getattr(permit, name)]:
        raise Refused(f"the licensing app needs {', '.join(missing)} for a new row, which the other system lacks")
    row: dict[str, object] = {
        "id_izin": permit.permit_id,
        "nib": permit.nib,
        "id_proyek": permit.project_id,
        "jenis": {"kode": permit.type_code, "nama": permit.type_name},
        "sektor": _SECTOR[str(permit.sector)],
        "kewenangan": _AUTHORITY[str(permit.authority)],
        "dinas": permit.office,
        "wilayah": permit.area_code,
        "kbli": permit.kbli,
        "kbli_edisi": permit.kbli_edition,
        "skala": _SCALE.get(str(permit.scale)),
        "status": {
            "kode": code_of(PermitStatus(record.status)),
            "sejak": record.occurred_at.astimezone(JAKARTA).isoformat(timespec="seconds"),
        },
        "nomor_izin": permit.number,
        "tgl_izin": permit.issued_on,
        "berlaku_sampai": permit.valid_until,
    }
    return {name: value for name, value in row.items() if value is not None}
