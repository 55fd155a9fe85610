"""The status names of LAPOR and what each is in the hub, as data; the name is the authority (contract A.3).

Two maps say what a report's status stands for in a complaint and the other way round. Both are total,
and what does not come back as it went is in ``LOSSES``.
"""

from __future__ import annotations

import re

from hub.complaints.codes import ComplaintStatus
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


HERE: dict[ReportStatus, ComplaintStatus | None] = {
    ReportStatus.UNVERIFIED: ComplaintStatus.RECEIVED,
    ReportStatus.VERIFIED: ComplaintStatus.VERIFIED,
    ReportStatus.DISPOSED: ComplaintStatus.ASSIGNED,
    ReportStatus.IN_PROGRESS: ComplaintStatus.IN_PROGRESS,
    ReportStatus.FOLLOWED_UP: ComplaintStatus.ANSWERED,
    ReportStatus.POSTPONED: ComplaintStatus.IN_PROGRESS,
    ReportStatus.TRANSFERRED: ComplaintStatus.ASSIGNED,
    ReportStatus.CLOSED: ComplaintStatus.CLOSED,
    ReportStatus.REJECTED: ComplaintStatus.REJECTED,
    ReportStatus.UNKNOWN: None,
}
"""A report's status → a complaint's. What nobody knows stands for nothing; people are shown the name as it was told."""

THERE: dict[ComplaintStatus, ReportStatus] = {
    ComplaintStatus.RECEIVED: ReportStatus.UNVERIFIED,
    ComplaintStatus.VERIFIED: ReportStatus.VERIFIED,
    ComplaintStatus.ASSIGNED: ReportStatus.DISPOSED,
    ComplaintStatus.IN_PROGRESS: ReportStatus.IN_PROGRESS,
    ComplaintStatus.ANSWERED: ReportStatus.FOLLOWED_UP,
    ComplaintStatus.CLOSED: ReportStatus.CLOSED,
    ComplaintStatus.RETURNED: ReportStatus.IN_PROGRESS,
    ComplaintStatus.REJECTED: ReportStatus.REJECTED,
}
"""A complaint's status → a report's."""

LOSSES: dict[ReportStatus | ComplaintStatus, str] = {
    ReportStatus.POSTPONED: "The hub has no word for it; an institution that waits still has it in hand.",
    ReportStatus.TRANSFERRED: "In the hub a complaint that was passed on is one that was assigned.",
    ReportStatus.UNKNOWN: "What nobody knows is not translated.",
    ComplaintStatus.RETURNED: "The centre has no word for asking the reporter; the follow-up that asks says it.",
}
"""Statuses that do not come back from the other side as they went, and why."""

OWN_STEPS = frozenset({ReportStatus.UNVERIFIED, ReportStatus.VERIFIED, ReportStatus.TRANSFERRED})
"""What the national desk does before an institution has the report: it says nothing of how far the province is."""
UNDER_WAY = frozenset({ReportStatus.DISPOSED, ReportStatus.IN_PROGRESS, ReportStatus.POSTPONED})
"""An institution has the report and has not answered yet."""
MOVED_BY_WORDS = frozenset({ReportStatus.IN_PROGRESS, ReportStatus.FOLLOWED_UP})
"""Where an institution's word may move a report by itself."""

LEAVES: dict[str, frozenset[str]] = {
    ComplaintStatus.ASSIGNED.value: frozenset({ComplaintStatus.IN_PROGRESS.value, ComplaintStatus.RETURNED.value}),
    ComplaintStatus.IN_PROGRESS.value: frozenset({ComplaintStatus.RETURNED.value}),
}
"""The centre's word → complaints it leaves as they are: one in hand was passed on too, and one returned is in hand."""
