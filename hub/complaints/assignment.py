"""Checks whether a complaint can be assigned to an agency."""

from __future__ import annotations

from datetime import date

from hub.complaints.agencies import BY_CODE, Agency
from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual


def check_agency(field: str, code: str, on: date) -> list[Problem]:
    """Return a problem if no agency with this code is in office on the day ``on``.

    The message names the successor, if there is one.
    """
    agency = BY_CODE.get(code)
    if agency is None:
        message = Bilingual(
            "There is no such agency; use a code from the list of agencies, such as DISHUB.",
            "Kode perangkat daerah tidak dikenal; gunakan kode dari daftar perangkat daerah, misalnya DISHUB.",
        )
        return [Problem(field, ProblemCode.UNKNOWN, message)]
    if agency.in_office(on):
        return []
    return [Problem(field, ProblemCode.NOT_ALLOWED, _not_in_office(agency, on))]


def _not_in_office(agency: Agency, on: date) -> Bilingual:
    indonesian = f"Perangkat daerah {agency.code} tidak bertugas pada {on}."
    english = f"The agency {agency.code} is not in office on {on}."
    if agency.successor:
        return Bilingual(f"{english} Use {agency.successor}.", f"{indonesian} Gunakan {agency.successor}.")
    return Bilingual(english, indonesian)
