"""The app's codes for the status of a permit, in both directions, as data (contract perizinan#status)."""

from __future__ import annotations

from types import MappingProxyType

from hub.kinds import PermitClock, PermitStatus

STATUS = MappingProxyType(
    {
        "DITERIMA": PermitStatus.RECEIVED,
        "VERIFIKASI": PermitStatus.VERIFICATION,
        "PERBAIKAN": PermitStatus.INCOMPLETE,
        "SURVEI": PermitStatus.INSPECTION,
        "PEMBAYARAN": PermitStatus.PAYMENT,
        "PERSETUJUAN": PermitStatus.APPROVAL,
        "TERBIT": PermitStatus.ISSUED,
        "TERBIT_SEMENTARA": PermitStatus.PROVISIONAL,
        "DITOLAK": PermitStatus.REJECTED,
        "DIBEKUKAN": PermitStatus.SUSPENDED,
        "DICABUT": PermitStatus.REVOKED,
        "DIBATALKAN": PermitStatus.CANCELLED,
    }
)
"""``status.kode`` → status. Nothing is lost: each code has its own status."""

CODE = MappingProxyType({status: code for code, status in STATUS.items()} | {PermitStatus.WARNED: "TERBIT"})
"""Status → the code that the app gets for it."""

LOST_IN_CODE = MappingProxyType({PermitStatus.WARNED: "that the holder was warned or fined"})
"""What the code of a status does not state."""

WITHOUT_CODE = frozenset({PermitStatus.UNKNOWN})
"""Statuses that are not sent to the app."""

FINAL = frozenset({PermitStatus.REJECTED, PermitStatus.REVOKED, PermitStatus.CANCELLED})

_ENDED = FINAL | {PermitStatus.ISSUED, PermitStatus.PROVISIONAL, PermitStatus.SUSPENDED}


def clock_of(status: PermitStatus) -> PermitClock | None:
    """Return whether the office's time runs in a status; the app has no code for a clock that began again."""
    if status is PermitStatus.UNKNOWN:
        return None
    if status is PermitStatus.INCOMPLETE:
        return PermitClock.STOPPED
    return PermitClock.ENDED if status in _ENDED else PermitClock.RUNNING
