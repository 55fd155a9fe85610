"""Reports the region's decisions to OSS: a status, and an issued permit (contract oss#outbound).

OSS has no idempotency keys. The same report again changes nothing, and one that is older than the newest status does
not replace it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hub.connectors.oss import variants
from hub.connectors.oss.client import OssClient
from hub.connectors.oss.settings import Signatory
from hub.connectors.oss.statuses import CODE
from hub.connectors.oss.tokens import JAKARTA
from hub.contract import Raw
from hub.errors import ConfigurationError, OutcomeUnknown, Refused
from hub.kinds import PermitStatus

_REFUSALS = MappingProxyType(
    {
        "400": "a field of the report is wrong, or differs from what OSS has",
        "403": "the centre decides this permit, or HUB_OSS_INSTANSI is not the office that may report it",
        "404": "OSS has no such permit of this business",
        "405": "OSS does not accept this call",
    }
)
"""``kode`` that refuses the report itself, and the reason."""
MAX_NUMBER = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitReference:
    """The permit that a report is about, by the ids of OSS."""

    nib: str
    permit_id: str
    type_code: str
    project_id: str = ""

    def body(self) -> Raw:
        """Return the fields that name the permit."""
        body = {"nib": self.nib, "id_izin": self.permit_id, "kd_izin": self.type_code, "id_proyek": self.project_id}
        return {name: value for name, value in body.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What was issued: the days are ISO 8601, ``area`` has ten digits, ``code`` is the permit's present status."""

    number: str
    issued_on: str
    valid_until: str | None
    area: str
    code: str


@dataclass(frozen=True, slots=True)
class Report:
    """One call, with its body."""

    method: str
    body: Raw


def code_of(status: PermitStatus) -> str:
    """Return the code of a status; raise ``Refused`` if there is none."""
    if status not in CODE:
        raise Refused(f"OSS has no code for the status {status.value}")
    return CODE[status]


def status_report(permit: PermitReference, instansi: str, status: PermitStatus, since: datetime) -> Report:
    """Return the report of a status; raise ``Refused`` if OSS has no code for it."""
    body = {
        **permit.body(),
        "kd_instansi": instansi,
        "kd_status": code_of(status),
        "tgl_status": f"{since.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
    }
    return Report("receiveLicenseStatus", {"IZINSTATUS": body})


def licence_report(permit: PermitReference, licence: Licence, signatory: Signatory) -> Report:
    """Return the report of an issued permit; raise ``Refused`` if its number is too long."""
    if len(licence.number) > MAX_NUMBER:
        raise Refused(f"nomor_izin has more than {MAX_NUMBER} characters")
    body = {
        **permit.body(),
        "kd_daerah": licence.area,
        "nomor_izin": licence.number,
        "tgl_terbit_izin": licence.issued_on,
        "tgl_berlaku_izin": licence.valid_until or "",
        "nama_ttd": signatory.name,
        "nip_ttd": signatory.number,
        "jabatan_ttd": signatory.position,
        "status_izin": licence.code,
    }
    return Report("receiveLicense", {"IZINFINAL": body})


async def send(client: OssClient, report: Report) -> None:
    """Send a report once; raise ``Refused`` if OSS refuses it, ``OutcomeUnknown`` if it may have taken it."""
    answer = await client.report(report.method, report.body)
    if answer.code == "200":
        return
    if answer.code in _REFUSALS:
        raise Refused(f"OSS refuses {report.method} (kode {answer.code}): {_REFUSALS[answer.code]}")
    if answer.code == "401":
        raise ConfigurationError(f"OSS refuses HUB_OSS_USER_KEY for {report.method} (kode 401)")
    variants.note(f"failed: {report.method} {answer.code[:3]}")
    raise OutcomeUnknown(f"{report.method} failed with kode {answer.code[:3]}")
