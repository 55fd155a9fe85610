"""Maps the items of ``documents`` to permits and businesses; pure.

A document has the facts of a permit, but of its status only whether it was issued; the answer of a look-up has the
status with its time. Status and facts therefore have a version each (decision 0009).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from hub.complaints import areas
from hub.complaints.agencies import find_code
from hub.connectors.oss import documents
from hub.connectors.oss.fields import KBLI, NIB, area, code, day, digits, moment, required, rows, section, text
from hub.connectors.oss.statuses import BUSINESS_STATUS, DOCUMENT_ENDS, FINAL, STATUS, clock_of
from hub.connectors.oss.tokens import JAKARTA
from hub.contract import Record
from hub.errors import BadRecord
from hub.kinds import (
    Business,
    BusinessScale,
    BusinessStatus,
    Key,
    LegalForm,
    Permit,
    PermitAuthority,
    PermitSector,
    PermitStatus,
)

PERSONAL = ("pemegang_saham", "penanggung_jwb", "nama_user_proses", "email_user_proses", "hp_user_proses")
"""People, wherever they stand; the items that ``documents`` makes have none."""

PROSE = ("usaha.nama_perseroan", "usaha.npwp_perseroan")
"""The name and the tax number of an individual's business are a person's: quarantine keeps them encrypted."""

COLUMNS = (
    "id",
    *(f"usaha.{name}" for name in documents.BUSINESS),
    *(f"usaha.proyek[].{name}" for name in documents.PROJECT),
    *(f"izin.{name}" for name in (*documents.PERMIT, *documents.OF_DOCUMENT, *documents.PROJECT)),
    *(f"izin.syarat[].{name}" for name in documents.REQUIREMENT),
    *(f"status.{name}" for name in documents.LICENCE),
)

AUTHORITY = MappingProxyType(
    {"00": PermitAuthority.CENTRE, "01": PermitAuthority.PROVINCE, "02": PermitAuthority.REGENCY}
)
SECTOR = MappingProxyType({"023": PermitSector.EDUCATION, "044": PermitSector.COOPERATIVES})
"""``sektor`` (list 20); every other one is business."""
SCALE = MappingProxyType(dict(zip(("01", "02", "03", "04"), BusinessScale, strict=True)))
FORM = MappingProxyType(
    {
        "01": LegalForm.LIMITED_COMPANY,
        "02": LegalForm.LIMITED_PARTNERSHIP,
        "05": LegalForm.PARTNERSHIP,
        "07": LegalForm.COOPERATIVE,
        "10": LegalForm.FOUNDATION,
        "17": LegalForm.INDIVIDUAL,
        "26": LegalForm.SOLE_COMPANY,
        "28": LegalForm.VILLAGE_COMPANY,
        "29": LegalForm.VILLAGE_COMPANY,
    }
)
"""``jenis_perseroan`` (list 2)."""
PERSON = "02"
"""``jenis_pelaku_usaha`` of an individual."""
REGISTERS = MappingProxyType({"NPSN": "npsn", "NPYP": "npyp", "NIK_KOPERASI": "cooperative"})
"""``id_syarat`` of the number in a sector's own register → the key with that number."""
_FLAGS = frozenset("YON")
"""``flag_checklist``, which stands for the status of a document without one. A look-up of the same second is newer."""
_PARTIAL = -(1 << 41)
"""Added to the version of facts that come without their document, so that any document is newer."""


def to_record(raw: Mapping[str, Any]) -> Record:
    """Return the business or the permit in an item; raise ``BadRecord`` with the field that cannot be read."""
    if "usaha" in raw:
        return _business(section(raw, "usaha"))
    if "izin" not in raw and "status" not in raw:
        raise BadRecord("there is neither usaha, izin nor status")
    return _permit(section(raw, "izin") if "izin" in raw else {}, section(raw, "status") if "status" in raw else {})


def _business(row: Mapping[str, Any]) -> Record:
    nib, npwp = digits(row, "nib", NIB), text(row, "npwp_perseroan")
    source_status, ended = required(row, "status_nib"), code(row, "tipe_dokumen") in DOCUMENT_ENDS
    status = BusinessStatus.REVOKED if ended else BUSINESS_STATUS.get(source_status, BusinessStatus.UNKNOWN)
    changed = moment(row, "tgl_perubahan_nib")
    registered = moment(row, "tgl_terbit_nib" if text(row, "tgl_terbit_nib") else "tgl_pengajuan_nib")
    projects, place = rows(row, "proyek"), area(row, "perseroan_daerah_id")
    lines = dict.fromkeys(digits(each, "kbli", KBLI) for each in projects if text(each, "kbli"))
    scales = [SCALE[found] for each in projects if (found := code(each, "skala_usaha")) in SCALE]
    place = place if place in areas.BY_CODE else None
    facts = Business(
        nib=nib,
        name=None if _is_person(row) else text(row, "nama_perseroan"),
        legal_form=_form(row),
        scale=max(scales, key=list(BusinessScale).index).value if scales else None,
        kbli=list(lines),
        kbli_edition=None,
        area_code=place,
    )
    return Record(
        facts=facts,
        external_id=documents.business_id(nib),
        version=int(changed.timestamp()),
        status=status.value,
        source_status=source_status,
        occurred_at=registered,
        updated_at=changed,
        keys=(
            Key("nib", nib, personal=True),
            *((Key("npwp", npwp, personal=True),) if npwp else ()),
            *((Key("area", place),) if place else ()),
        ),
        unknown="usaha.status_nib" if status is BusinessStatus.UNKNOWN else None,
    )


def _permit(row: Mapping[str, Any], answer: Mapping[str, Any]) -> Record:
    found = _from_answer(answer) if answer else _from_document(row)
    source_status, status, since = found
    changed = moment(row, "tgl_perubahan_nib") if row else None
    facts = _facts(row, answer, source_status, status)
    assert facts.permit_id
    at = since or (changed if changed else moment(row, "tgl_pengajuan_nib"))
    facts_version = 2 * int(changed.timestamp()) + bool(answer) if changed else _PARTIAL + int(at.timestamp())
    return Record(
        facts=facts,
        external_id=facts.permit_id,
        version=int(since.timestamp()) - (source_status in _FLAGS) if since else 0,
        facts_version=facts_version,
        status=status.value,
        source_status=source_status,
        occurred_at=at,
        updated_at=max(at, changed) if changed else at,
        keys=_keys(facts, row),
        final=status in FINAL,
        unknown=("status.kd_status" if answer else "izin.status_checklist") if status is PermitStatus.UNKNOWN else None,
    )


def _from_answer(answer: Mapping[str, Any]) -> tuple[str, PermitStatus, datetime]:
    source_status = required(answer, "kd_status")
    return source_status, STATUS.get(source_status, PermitStatus.UNKNOWN), moment(answer, "tgl_status")


def _from_document(row: Mapping[str, Any]) -> tuple[str, PermitStatus, datetime | None]:
    """Return code, status and time as far as a document states them; without a time, any known status is newer."""
    changed = moment(row, "tgl_perubahan_nib")
    if (kind := code(row, "tipe_dokumen")) in DOCUMENT_ENDS:
        return kind, DOCUMENT_ENDS[kind], changed
    if source_status := code(row, "status_checklist"):
        return source_status, STATUS.get(source_status, PermitStatus.UNKNOWN), changed
    issued = day(row, "tgl_izin")
    if text(row, "no_izin") and issued:
        # The document states the day only; a look-up finds a later status of that day.
        end = datetime.combine(issued, time(), JAKARTA) + timedelta(days=1)
        return code(row, "flag_checklist") or "Y", PermitStatus.ISSUED, min(changed, end)
    return code(row, "flag_checklist") or "N", PermitStatus.RECEIVED, None


def _facts(row: Mapping[str, Any], answer: Mapping[str, Any], source_status: str, status: PermitStatus) -> Permit:
    both = {**row, **{name: value for name, value in answer.items() if value not in (None, "")}}
    kbli, office, place = text(both, "kbli"), text(both, "instansi"), area(both, "kd_daerah")
    issued, until, clock = day(both, "tgl_izin"), day(both, "tgl_berlaku"), clock_of(source_status, status)
    scale, sector = SCALE.get(code(both, "skala_usaha")), code(both, "sektor")
    authority = AUTHORITY.get(code(both, "kewenangan"))
    return Permit(
        permit_id=required(both, "id_izin"),
        application_number=None,
        number=text(both, "no_izin"),
        nib=digits(both, "nib", NIB),
        project_id=text(both, "id_proyek"),
        type_code=text(both, "kd_izin"),
        type_name=text(both, "nama_izin"),
        sector=SECTOR.get(sector, PermitSector.BUSINESS).value if sector else None,
        authority=authority.value if authority else None,
        agency_code=find_code(office) if office else None,
        office=office,
        area_code=place if place in areas.BY_CODE else None,
        kbli=digits(both, "kbli", KBLI) if kbli else None,
        kbli_edition=None,
        scale=scale.value if scale else None,
        issued_on=issued.isoformat() if issued else None,
        valid_until=until.isoformat() if until else None,
        clock=clock.value if clock else None,
    )


def _keys(permit: Permit, row: Mapping[str, Any]) -> tuple[Key, ...]:
    own = {REGISTERS[name]: text(each, "no_dokumen") for each in rows(row, "syarat") if (name := _register(each))}
    return (
        *(Key("permit", number) for number in dict.fromkeys((permit.permit_id, permit.number)) if number),
        *((Key("nib", permit.nib, personal=True),) if permit.nib else ()),
        *((Key("agency", permit.agency_code),) if permit.agency_code else ()),
        *((Key("area", permit.area_code),) if permit.area_code else ()),
        *(Key(name, number) for name, number in own.items() if number),
    )


def _register(requirement: Mapping[str, Any]) -> str | None:
    name = text(requirement, "id_syarat")
    return name if name in REGISTERS else None


def _form(row: Mapping[str, Any]) -> str | None:
    form = code(row, "jenis_perseroan")
    if _is_person(row):
        return LegalForm.INDIVIDUAL.value
    return FORM.get(form, LegalForm.OTHER).value if form else None


def _is_person(row: Mapping[str, Any]) -> bool:
    individual = FORM.get(code(row, "jenis_perseroan")) is LegalForm.INDIVIDUAL
    return individual or code(row, "jenis_pelaku_usaha") == PERSON
