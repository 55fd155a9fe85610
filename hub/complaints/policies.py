"""How long each step of a complaint may take: dated rows of data, one per rule of contract A.2.

A rule that changes gets a further row with the day it takes effect; complaints keep the rule of the day their clock
began. A.2's light class (hours to two days, different in every office) has no row: no rule of the province names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from hub.complaints.codes import ComplaintClass
from hub.kinds import Code


class Step(Code):
    """What has to happen in time."""

    FIRST_RESPONSE = "FIRST_RESPONSE", "Respons pertama", "First response", "The reporter hears from the desk."
    VERIFY = "VERIFY", "Verifikasi dan disposisi", "Verification", "It is verified and given to an agency."
    FOLLOW_UP = "FOLLOW_UP", "Tindak lanjut awal", "First follow-up", "The agency says what it does."
    ANSWER = "ANSWER", "Jawaban akhir", "Final answer", "The agency answers; this is when the complaint is due."
    AUTO_CLOSE = "AUTO_CLOSE", "Penutupan otomatis", "Automatic close", "The reporter replies, or it is finished."


class Unit(Enum):
    """In what a limit is counted: days of the working calendar, or hours by the clock, nights and holidays too."""

    WORKING_DAYS = "working days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule: from ``valid_from`` on (a day in Asia/Jakarta) ``step`` takes ``amount`` of ``unit`` at most.

    ``klass`` and ``inspection`` narrow it to some complaints; None fits all.
    """

    step: Step
    amount: int
    unit: Unit
    source: str
    klass: ComplaintClass | None = None
    inspection: bool | None = None
    valid_from: date = date.min

    def fits(self, step: Step, klass: ComplaintClass, inspection: bool, on: date) -> bool:
        """Whether this is a rule for that step of such a complaint on that day."""
        return (
            self.step is step
            and self.klass in (None, klass)
            and self.inspection in (None, inspection)
            and self.valid_from <= on
        )


_LAPOR = "SP4N-LAPOR!, service levels shown to the public"
_MINISTRY = "KemenPANRB, 14 Jun 2018; service standards at sippn.menpan.go.id"
_GOVERNOR = "Governor of Central Java, 10 Dec 2019"

# Where the sources give no day (all but the governor's), a row holds from the beginning: ASSUMED. Aspirations count
# as plain (normatif): ASSUMED too.
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
    """The rule in force on the day ``on``: of those that fit, the one that took effect last; None if there is none."""
    fitting = [policy for policy in policies if policy.fits(step, klass, inspection, on)]
    return max(fitting, key=lambda policy: policy.valid_from, default=None)
