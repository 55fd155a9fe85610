"""The status names of LAPOR and what each is in the hub, as data; the name is the authority (contract A.3)."""

from __future__ import annotations

import re

from hub.kinds import ReportStatus

STATUS: dict[str, ReportStatus] = {
    "belum diverifikasi": ReportStatus.UNVERIFIED,
    "diverifikasi": ReportStatus.VERIFIED,
    "didisposisi": ReportStatus.DISPOSED,
    "dalam proses": ReportStatus.IN_PROGRESS,
    "ditindaklanjuti": ReportStatus.FOLLOWED_UP,
    "ditunda": ReportStatus.POSTPONED,
    "dialihkan": ReportStatus.TRANSFERRED,
    "selesai": ReportStatus.CLOSED,
    "ditolak": ReportStatus.REJECTED,
    "dihapus": ReportStatus.REJECTED,
    "ditolak dihapus": ReportStatus.REJECTED,
    # Names of older public statistics. The first counts what institutions had not answered, so it
    # was passed on to them; the second counts what nobody had looked at.
    "belum ditindaklanjuti": ReportStatus.DISPOSED,
    "belum diproses": ReportStatus.UNVERIFIED,
    "proses": ReportStatus.IN_PROGRESS,
}
"""Normalised name → status. A name that is not here is ``UNKNOWN``, never an open status."""

FINAL = frozenset({ReportStatus.CLOSED, ReportStatus.REJECTED})
UNTOUCHED = frozenset({ReportStatus.UNVERIFIED, ReportStatus.VERIFIED})
"""Nothing has happened to these but what the national desk does; they have no history worth a call."""


def status_named(name: str) -> ReportStatus:
    """The status called ``name``; case, spaces, underscores and slashes do not matter."""
    return STATUS.get(re.sub(r"[\W_]+", " ", name).strip().casefold(), ReportStatus.UNKNOWN)
