"""What OSS has about a business: its registration, and the status of its permits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from hub.demo.businesses import Business
from hub.demo.permit_stages import OSS_CODES, Stage
from hub.demo.permits import Permit, PermitStep, licence

ORIGINAL, UPDATE, REVOCATION, CANCELLATION = "9", "5", "3", "4"
"""``tipe_dokumen`` (contract oss#receive-nib)."""
ISSUED_CODES = frozenset({"50", "52", "57"})
ACTIVE, REVOKED = "01", "06"
"""``status_nib``."""


@dataclass
class FiledPermit:
    """One permit: its statuses (code and time) in the order of their times, and its licence."""

    id: str
    number: int
    authority: str
    steps: list[tuple[str, datetime]]
    licence_number: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None

    @property
    def status(self) -> tuple[str, datetime]:
        """The code of the newest status and its time."""
        return self.steps[-1]

    def reach(self, code: str, at: datetime) -> None:
        """Add a status; one that is older than the newest does not become the permit's status."""
        self.steps.append((code, at))
        self.steps.sort(key=lambda step: step[1])

    def issue(self, at: datetime) -> None:
        """Give the permit the licence of the demo, unless it has one."""
        if self.licence_number is None:
            given = licence(self.number, at)
            self.licence_number, self.issued_on, self.valid_until = given.number, given.issued_on, given.valid_until


@dataclass
class Filing:
    """One business, as OSS has it now; what never changes is in the demo world under ``number``."""

    number: int
    registered_at: datetime
    changed_at: datetime
    document_type: str = ORIGINAL
    status: str = ACTIVE
    name: str | None = None
    scale: str | None = None
    kbli: str | None = None
    permits: list[FiledPermit] = field(default_factory=list)

    def permit(self, permit_id: str) -> FiledPermit | None:
        """Return the permit of that ``id_izin``."""
        return next((permit for permit in self.permits if permit.id == permit_id), None)

    def change(self, at: datetime, document_type: str = UPDATE) -> None:
        """Note that the document has changed."""
        self.document_type, self.changed_at = document_type, max(at, self.changed_at)


def filing_of(business: Business) -> Filing:
    """Return the state of a business in the demo world."""
    permits = [_filed(permit) for permit in business.permits]
    # A document changes when a permit is applied for and when it is issued, not with each status.
    changes = [step.at for permit in business.permits for step in _document_steps(permit)]
    changed = max(changes, default=business.registered_at)
    return Filing(
        business.number,
        business.registered_at,
        changed,
        UPDATE if changed > business.registered_at else ORIGINAL,
        permits=permits,
    )


def new_filing(business: Business, at: datetime) -> Filing:
    """Return a business that is registered at ``at``, with applications of that moment."""
    received = OSS_CODES[Stage.RECEIVED]
    permits = [FiledPermit(each.id, each.number, each.authority, [(received, at)]) for each in business.permits]
    return Filing(business.number, at, at, permits=permits)


def _filed(permit: Permit) -> FiledPermit:
    steps = permit.steps_at(centre=True)
    filed = FiledPermit(
        permit.id, permit.number, permit.authority, [(OSS_CODES[step.stage], step.at) for step in steps]
    )
    if given := permit.licence(centre=True):
        filed.licence_number, filed.issued_on, filed.valid_until = given.number, given.issued_on, given.valid_until
    return filed


def _document_steps(permit: Permit) -> list[PermitStep]:
    known = permit.steps_at(centre=True)
    return [known[0], *(step for step in known if OSS_CODES[step.stage] in ISSUED_CODES)]
