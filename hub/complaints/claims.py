"""The complaint desk's decision on a claim that a record is the counterpart of a complaint. Pure."""

from __future__ import annotations

from hub.complaints.workflow import Refusal, RefusalCode
from hub.kinds import Code
from hub.messages import Bilingual


class ClaimDecision(Code):
    """A decision on a claim."""

    CONFIRM = (
        "CONFIRM",
        "Benar",
        "Confirm",
        "The report is the complaint's counterpart; both are reconciled from now on.",
    )
    DISMISS = "DISMISS", "Bukan", "Dismiss", "It is not; the report may become a complaint of its own."


def no_claim() -> Refusal:
    """Return the refusal of a decision on a claim that does not exist, is not visible or was decided already."""
    message = Bilingual(
        "There is no claim of that report on this complaint that waits for a decision and that you may see.",
        "Tidak ada klaim laporan itu atas aduan ini yang menunggu keputusan dan dapat Anda lihat.",
    )
    return Refusal(RefusalCode.WRONG_STATE, message)
