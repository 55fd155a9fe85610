"""The service levels: how long each step of a complaint may take, as dated rules.

A rule that changes gets another row with the day it takes effect; a complaint keeps the rule of the day its clock
started (contract reference-data#service-levels). The light class of the contract (hours to two days, different in every
office) has no row, because no rule of the province names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from hub.complaints.enums import ComplaintClass
from hub.kinds import Code


class Step(Code):
    """A step that has a deadline."""

    FIRST_RESPONSE = "FIRST_RESPONSE", "Respons pertama", "First response", "The desk responds to the reporter."
    VERIFY = (
        "VERIFY",
        "Verifikasi dan disposisi",
        "Verification",
        "The complaint is verified and assigned to an agency.",
    )
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut awal", "First follow-up", "The agency reports its first action."
    ANSWER = "ANSWER", "Jawaban akhir", "Final answer", "The agency answers; this is the due date of the complaint."
    AUTO_CLOSE = (
        "AUTO_CLOSE",
        "Penutupan otomatis",
        "Automatic close",
        "The reporter replies, or the complaint is closed.",
    )


class Unit(Enum):
    """The unit of a limit: days of the working calendar, or hours including nights and holidays."""

    WORKING_DAYS = "working days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule: from ``valid_from`` on (a day in Asia/Jakarta) ``step`` may take at most ``amount`` of ``unit``.

    ``klass`` and ``inspection`` restrict it to some complaints; None matches all.
    """

    step: Step
    amount: int
    unit: Unit
    source: str
    klass: ComplaintClass | None = None
    inspection: bool | None = None
    valid_from: date = date.min

    def fits(self, step: Step, klass: ComplaintClass, inspection: bool, on: date) -> bool:
        """Return whether the rule applies to that step of such a complaint on that day."""
        return (
            self.step is step
            and self.klass in (None, klass)
            and self.inspection in (None, inspection)
            and self.valid_from <= on
        )


_LAPOR = "SP4N-LAPOR!, service levels shown to the public"
_MINISTRY = "KemenPANRB, 14 Jun 2018; service standards at sippn.menpan.go.id"
_GOVERNOR = "Governor of Central Java, 10 Dec 2019"

# ASSUMED: where a source names no day (all but the governor's), a rule applies from the beginning. ASSUMED: aspirations
# have the plain (normatif) class.
POLICIES: tuple[Policy, ...] = (
    Policy(Step.FIRST_RESPONSE, 48, Unit.HOURS, _GOVERNOR),
    Policy(Step.FIRST_RESPONSE, 24, Unit.HOURS, _GOVERNOR, valid_from=date(2019, 12, 10)),
    Policy(Step.VERIFY, 3, Unit.WORKING_DAYS, _LAPOR),
    Policy(Step.FOLLOW_UP, 5, Unit.WORKING_DAYS, _LAPOR),
    Policy(Step.ANSWER, 5, Unit.WORKING_DAYS, _MINISTRY, ComplaintClass.INFORMATION_REQUEST),
    Policy(Step.ANSWER, 5, Unit.WORKING_DAYS, _MINISTRY, ComplaintClass.ASPIRATION),
    Policy(Step.ANSWER, 14, Unit.WORKING_DAYS, _MINISTRY, ComplaintClass.COMPLAINT, inspection=False),
    Policy(Step.ANSWER, 60, Unit.WORKING_DAYS, _MINISTRY, ComplaintClass.COMPLAINT, inspection=True),
    Policy(Step.AUTO_CLOSE, 10, Unit.WORKING_DAYS, _LAPOR),
)


def policy_for(
    step: Step, klass: ComplaintClass, inspection: bool, on: date, policies: Sequence[Policy] = POLICIES
) -> Policy | None:
    """Return the rule in force on the day ``on``: of those that apply, the one that took effect last.

    None without one.
    """
    fitting = [policy for policy in policies if policy.fits(step, klass, inspection, on)]
    return max(fitting, key=lambda policy: policy.valid_from, default=None)
