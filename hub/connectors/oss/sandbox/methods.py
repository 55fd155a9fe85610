"""The methods of OSS that others call: look-ups, and what a region reports (oss#outbound, oss#inquery-license)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.connectors.oss.sandbox import codes
from hub.connectors.oss.sandbox.bodies import Failure, final_permit, status_report, text, wrapped
from hub.connectors.oss.sandbox.documents import Json, area, inquired, stamp
from hub.connectors.oss.sandbox.envelopes import one_of
from hub.connectors.oss.sandbox.filings import FiledPermit, Filing
from hub.connectors.oss.sandbox.register import Register
from hub.connectors.sandbox_traps import Traps
from hub.demo.permit_types import CENTRE

TRAPS = {
    "unknown_status": "one permit in 97 that is issued has the status 58, which is in no list",
    "removed_status": "one refused application in three has the status 91, which was removed from the list",
    "short_times": "one tgl_status in 40 lacks its last character, as its declared length has it",
    "dates_for_times": "one tgl_status in 60 has no time of day",
    "other_names": "one uraian_status in 60 is that of another status",
    "long_kbli": "one document in 20 has KBLI codes of seven digits",
}
_REFUSED = frozenset({"90", "93"})


class Methods:
    """Answers calls from ``register``; ``changed`` is called with a business that a call has changed."""

    def __init__(
        self,
        register: Register,
        traps: Traps,
        instansi: str,
        now: Callable[[], datetime],
        changed: Callable[[Filing], None],
    ) -> None:
        self._register, self._traps, self._instansi = register, traps, instansi
        self._now, self._changed = now, changed
        self.received = 0

    def inquery_nib(self, body: Any) -> Json:
        """``inqueryNIB``, by NIB or NPWP."""
        content = wrapped(body, "INQUERYNIB")
        if "nib" in content:
            filing = self._register.with_nib(text(content, "nib", r"\d{13}"))
        else:
            filing = self._register.with_npwp(text(content, "npwp", r"\d{15,16}"))
        if filing is None:
            raise Failure(404)
        business = self._register.business(filing.number)
        if content.get("oss_id") not in (None, "", business.oss_id):
            raise Failure(404)
        return {"dataNIB": inquired(business, filing, long_kbli=self.has_long_kbli(filing))}

    def inquery_license(self, body: Any) -> Json:
        """``inqueryLicense``."""
        filing, permit = self._permit(text(wrapped(body, "INQUERYLICENSE"), "id_izin"))
        business = self._register.business(filing.number)
        place, basis = next((n, each) for n, each in enumerate(business.permits) if each.id == permit.id)
        code, name = self._shown_status(permit)
        return {
            "dataIZIN": {
                "nib": business.nib,
                "id_proyek": business.permits[place].project_id,
                "id_izin": permit.id,
                "kd_izin": basis.type.code,
                "kd_daerah": area(business.area_code),
                "kewenangan": permit.authority,
                "kd_status": code,
                "uraian_status": name,
                "tgl_status": self._shown_time(permit),
                "no_izin": permit.licence_number or "",
                "tgl_izin": f"{permit.issued_on or ''}",
                "tgl_berlaku": f"{permit.valid_until or ''}",
            }
        }

    def check_license_status(self, body: Any) -> Json:
        """``checkLicenseStatus``, under either name of its body."""
        content = wrapped(body, "CHECKLICENSESTATUS", "IZINSTATUS")
        data = self.inquery_license({"INQUERYLICENSE": {"id_izin": text(content, "id_izin")}})["dataIZIN"]
        return {
            "dataIZIN": {name: data[name] for name in ("nib", "id_proyek", "id_izin", "kd_status", "uraian_status")}
        }

    def receive_license_status(self, body: Any) -> Json:
        """``receiveLicenseStatus``: the region reports a status; the same one again changes nothing."""
        report = status_report(body)
        if report.instansi != self._instansi:
            raise Failure(403, "kd_instansi tidak sesuai")
        filing, permit = self._decided_by_the_region(report.nib, report.permit_id, report.permit_type)
        if (report.code, report.at) not in permit.steps:
            filing = self._register.change(filing, lambda each: _of(each, permit).reach(report.code, report.at))
            self.received += 1
        return {"dataNIB": inquired(self._register.business(filing.number), filing)}

    def receive_license(self, body: Any) -> Json:
        """``receiveLicense``: the region has issued a permit; the same one again changes nothing."""
        final = final_permit(body)
        filing, permit = self._decided_by_the_region(final.nib, final.permit_id, final.permit_type)
        if area(self._register.business(filing.number).area_code) != final.area:
            raise Failure(400, "kd_daerah tidak sesuai")

        def apply(each: Filing) -> None:
            target = _of(each, permit)
            target.licence_number, target.issued_on = final.number, final.issued_on
            target.valid_until = final.valid_until
            if target.status[0] != final.code:
                target.reach(final.code, self._now())
            each.change(self._now())

        known = (permit.licence_number, permit.issued_on, permit.valid_until, permit.status[0])
        if known != (final.number, final.issued_on, final.valid_until, final.code):
            self._changed(self._register.change(filing, apply))
            self.received += 1
        return {"nomor_izin": final.number}

    def has_long_kbli(self, filing: Filing) -> bool:
        """Return whether the KBLI codes of a document have seven digits."""
        return self._traps.on("long_kbli") and filing.number % 20 == 7

    def _permit(self, permit_id: str) -> tuple[Filing, FiledPermit]:
        found = self._register.with_permit(permit_id)
        if found is None:
            raise Failure(404)
        return found

    def _decided_by_the_region(self, nib: str, permit_id: str, permit_type: str) -> tuple[Filing, FiledPermit]:
        filing, permit = self._permit(permit_id)
        business = self._register.business(filing.number)
        if business.nib != nib:
            raise Failure(404)
        if permit_type not in {each.type.code for each in business.permits if each.id == permit.id}:
            raise Failure(400, "kd_izin tidak sesuai")
        if permit.authority == CENTRE:
            raise Failure(403, "kewenangan pusat")
        return filing, permit

    def _shown_status(self, permit: FiledPermit) -> tuple[str, str]:
        code, _ = permit.status
        if code == "50" and self._traps.on("unknown_status") and permit.number % 97 == 5:
            return codes.NOT_IN_ANY_LIST
        if code in _REFUSED and self._traps.on("removed_status") and permit.number % 3 == 1:
            return codes.REMOVED
        if self._traps.on("other_names") and permit.number % 60 == 11:
            return code, codes.STATUSES["12" if code != "12" else "20"]
        return code, codes.STATUSES.get(code, "")

    def _shown_time(self, permit: FiledPermit) -> str:
        whole = stamp(permit.status[1])
        if self._traps.on("short_times") and one_of(40, permit.id, "short") == 0:
            return whole[:-1]
        if self._traps.on("dates_for_times") and one_of(60, permit.id, "date") == 0:
            return whole[:10]
        return whole


def _of(filing: Filing, permit: FiledPermit) -> FiledPermit:
    found = filing.permit(permit.id)
    assert found is not None
    return found
