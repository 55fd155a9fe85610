"""LAPOR's status names and their statuses in the hub, as data; names count, codes do not.

Contract lapor#statuses. Two maps translate between the statuses of reports and of complaints. Both are
total; ``LOSSES`` lists the statuses that do not survive the round trip.
"""

from __future__ import annotations

import re

from hub.complaints.enums import ComplaintStatus
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
"""Statuses before an institution has the report; their history is not read."""


def status_named(name: str) -> ReportStatus:
    """Return the status called ``name``; case, spaces, underscores and slashes do not matter."""
    return STATUS.get(re.sub(r"[\W_]+", " ", name).strip().casefold(), ReportStatus.UNKNOWN)


COMPLAINT_STATUS: dict[ReportStatus, ComplaintStatus | None] = {
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
"""A report's status → a complaint's. An unknown status has none; people see its source status."""

REPORT_STATUS: dict[ComplaintStatus, ReportStatus] = {
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
    ReportStatus.POSTPONED: "The hub has no such status; an institution that waits still works on it.",
    ReportStatus.TRANSFERRED: "In the hub a complaint that was passed on is one that was assigned.",
    ReportStatus.UNKNOWN: "An unknown status is not translated.",
    ComplaintStatus.RETURNED: "The centre has no status for a question to the reporter, which is a follow-up.",
}
"""Statuses that do not survive the round trip, and why."""

OWN_STEPS = frozenset({ReportStatus.UNVERIFIED, ReportStatus.VERIFIED, ReportStatus.TRANSFERRED})
"""Statuses of the national desk's own steps; they do not concern the province's progress."""
UNDER_WAY = frozenset({ReportStatus.DISPOSED, ReportStatus.IN_PROGRESS, ReportStatus.POSTPONED})
"""Statuses of reports that an institution has and has not answered yet."""
MOVED_BY_FOLLOW_UPS = frozenset({ReportStatus.IN_PROGRESS, ReportStatus.FOLLOWED_UP})
"""Statuses that LAPOR sets by itself after an institution's follow-up."""

LEAVES: dict[str, frozenset[str]] = {
    ComplaintStatus.ASSIGNED.value: frozenset({ComplaintStatus.IN_PROGRESS.value, ComplaintStatus.RETURNED.value}),
    ComplaintStatus.IN_PROGRESS.value: frozenset({ComplaintStatus.RETURNED.value}),
}
"""The centre's status → statuses of a complaint that it does not change, because they include it."""
