"""The status codes of OSS in both directions, as data, with what each direction loses (contract oss#code-lists)."""

from __future__ import annotations

from types import MappingProxyType

from hub.kinds import BusinessStatus, PermitClock, PermitStatus

STATUS = MappingProxyType(
    {
        "05": PermitStatus.RECEIVED,
        "09": PermitStatus.RECEIVED,
        "10": PermitStatus.RECEIVED,
        "11": PermitStatus.INCOMPLETE,
        "12": PermitStatus.INCOMPLETE,
        "20": PermitStatus.VERIFICATION,
        "30": PermitStatus.PAYMENT,
        "31": PermitStatus.PAYMENT,
        "32": PermitStatus.PAYMENT,
        "33": PermitStatus.PAYMENT,
        "34": PermitStatus.PAYMENT,
        "40": PermitStatus.INSPECTION,
        "41": PermitStatus.INCOMPLETE,
        "42": PermitStatus.VERIFICATION,
        "43": PermitStatus.INCOMPLETE,
        "44": PermitStatus.VERIFICATION,
        "45": PermitStatus.VERIFICATION,
        "49": PermitStatus.APPROVAL,
        "50": PermitStatus.ISSUED,
        "52": PermitStatus.PROVISIONAL,
        "57": PermitStatus.ISSUED,
        "60": PermitStatus.WARNED,
        "70": PermitStatus.SUSPENDED,
        "80": PermitStatus.WARNED,
        "90": PermitStatus.REJECTED,
        "93": PermitStatus.REJECTED,
    }
)
"""``kd_status`` (list 10) → status. 91 and 92 were removed from the list without a meaning: unknown."""

LOST_IN_STATUS = MappingProxyType(
    {
        "05": "that the application is being screened",
        "09": "that the requirements are complete",
        "11": "that documents are missing",
        "12": "that commitments have to be fulfilled",
        "30": "that the payment is being verified",
        "32": "that a receipt is being verified",
        "33": "that the payment was approved",
        "34": "that the confirmation of the payment has to be corrected",
        "42": "that the applicant has answered",
        "43": "that the applicant was asked again",
        "44": "that the applicant has answered again",
        "45": "that the requirements were verified",
        "57": "that silence approved it",
        "80": "that the holder was fined, not only warned",
        "93": "that the requirements were rejected",
    }
)
"""What the status of a code does not state; ``sourceStatus`` keeps the code."""

CODE = MappingProxyType(
    {
        PermitStatus.RECEIVED: "10",
        PermitStatus.VERIFICATION: "20",
        PermitStatus.INCOMPLETE: "41",
        PermitStatus.INSPECTION: "40",
        PermitStatus.PAYMENT: "31",
        PermitStatus.APPROVAL: "49",
        PermitStatus.ISSUED: "50",
        PermitStatus.PROVISIONAL: "52",
        PermitStatus.WARNED: "60",
        PermitStatus.SUSPENDED: "70",
        PermitStatus.REJECTED: "90",
    }
)
"""Status → the code that OSS gets for it. Nothing is lost: each status has a code of its own."""

WITHOUT_CODE = frozenset({PermitStatus.REVOKED, PermitStatus.CANCELLED, PermitStatus.UNKNOWN})
"""Statuses that list 10 has no code for: a permit is revoked with its document, by OSS."""

DOCUMENT_ENDS = MappingProxyType({"3": PermitStatus.REVOKED, "4": PermitStatus.CANCELLED})
"""``tipe_dokumen`` of a document that ends the permits in it → their status."""

FINAL = frozenset({PermitStatus.REJECTED, PermitStatus.REVOKED, PermitStatus.CANCELLED})
_ENDED = FINAL | {PermitStatus.ISSUED, PermitStatus.PROVISIONAL, PermitStatus.WARNED, PermitStatus.SUSPENDED}
_NOT_COMPLETE = frozenset({"11", "12", "41", "43"})
"""The applicant owes something, so the office's time does not run."""
_SCREENED = "05"
"""The application may not be complete yet, and the time runs only when it is."""

BUSINESS_STATUS = MappingProxyType(
    {
        "01": BusinessStatus.ACTIVE,
        "02": BusinessStatus.INACTIVE,
        "03": BusinessStatus.MAY_TRADE,
        "04": BusinessStatus.MAY_OPERATE,
        "05": BusinessStatus.SUSPENDED,
        "06": BusinessStatus.REVOKED,
    }
)
"""``status_nib`` (list 14) → status."""


def clock_of(code: str, status: PermitStatus) -> PermitClock | None:
    """Return whether the office's time runs at a code: 41 and 43 stop it, 42 resumes it, 44 begins it again.

    It does not run while documents are missing (11, 12). None if the code does not determine it, as the flag of a
    document does not.
    """
    if status in _ENDED:
        return PermitClock.ENDED
    if code not in STATUS or code == _SCREENED:
        return None
    if code in _NOT_COMPLETE:
        return PermitClock.STOPPED
    return PermitClock.RESTARTED if code == "44" else PermitClock.RUNNING
