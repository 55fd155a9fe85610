"""The types of the demo world: complaints, and the records that they cite in other systems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """An invented reporter."""

    name: str
    phone: str
    email: str | None
    nik: str | None


@dataclass(frozen=True, slots=True)
class CitedPayment:
    """A payment a complaint is about; the gopay sandbox has it with ``reference`` as its partnerReferenceNo."""

    reference: str
    paid_for: str
    merchant: str
    paid_at: datetime
    amount: Decimal
    corridor: str | None


@dataclass(frozen=True, slots=True)
class CitedReport:
    """The report at the centre about the same matter; the lapor sandbox tags it with the ticket.

    ``status`` is a value of ``hub.kinds.ReportStatus``: mostly in step with the complaint, sometimes not.
    """

    id: int
    tracking_id: str
    created_at: datetime
    updated_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class CitedOrder:
    """A procurement order a complaint is about; the blangkon sandbox has it."""

    order_id: str
    agency_code: str
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a complaint: the new status, its time, and the actor (REPORTER, DESK, AGENCY).

    ``note`` is a text; ``reason`` is a ``hub.complaints.workflow.RejectionReason``, for rejections only.
    """

    status: str
    at: datetime
    by: str
    note: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DemoComplaint:
    """One complaint. ``steps`` begin with RECEIVED; codes are those of ``hub.complaints``.

    ``number`` counts the complaints of the world from 1; ``agency_code`` is None until it was assigned.
    """

    number: int
    ticket: str
    channel: str
    klass: str
    inspection: bool
    category: str
    title: str
    text: str
    area_code: str
    latitude: float | None
    longitude: float | None
    agency_code: str | None
    reporter: Person
    anonymous: bool
    secret: bool
    steps: tuple[Step, ...]
    rating: int | None
    payment: CitedPayment | None
    report: CitedReport | None
    order: CitedOrder | None

    @property
    def status(self) -> str:
        """The current status."""
        return self.steps[-1].status

    @property
    def received_at(self) -> datetime:
        """The time of receipt."""
        return self.steps[0].at
