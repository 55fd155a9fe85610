"""Creates complaints from records of other systems, many at once, each with its reporter, keys and first steps.

The source system has verified them already, so the first steps are that system's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.bounds import is_plausible_time
from hub.complaints import intake_fields
from hub.complaints.calendar import JAKARTA
from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.reporter import Reporter
from hub.complaints.workflow import Action, Role
from hub.contract import Intake
from hub.errors import BadRecord
from hub.kinds import Key
from hub.store.complaints import numbering
from hub.store.complaints.milestones import deadline_columns, milestone_times
from hub.store.encryption import FieldCipher
from hub.store.reconciliation import counterparts
from hub.store.reconciliation.counterparts import Counterpart, Origin
from hub.store.tables import complaint_keys, complaint_steps, complaints, reporters
from hub.store.use_cases.submission import DEFAULT_CATEGORY, encrypted_reporter

COMPLAINT_KEYS = frozenset({"report", "payment", "order"})
"""The keys by which a complaint refers to records."""


@dataclass(frozen=True, slots=True)
class IntakeRequest:
    """A record that requests a complaint."""

    external_id: str
    intake: Intake
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class _NewComplaint:
    """A complaint to be created: its columns without the ticket, its first steps, and its reporter."""

    request: IntakeRequest
    history: tuple[tuple[Action, TimelineEntry], ...]
    reporter: Reporter | None
    columns: dict[str, Any]

    @property
    def year(self) -> int:
        """The year of its ticket."""
        return self.history[0][1].at.astimezone(JAKARTA).year


def validated_request(external_id: str, intake: Intake, keys: tuple[Key, ...]) -> IntakeRequest:
    """Return the request; raises ``BadRecord`` for values that no complaint can have."""
    if intake.klass not in ComplaintClass.__members__:
        raise BadRecord("the class of the complaint that it requests is unknown")
    if not is_plausible_time(intake.received_at):
        raise BadRecord("the time of receipt of the complaint that it requests is not plausible")
    return IntakeRequest(external_id, intake, keys)


async def create_complaints(
    db: AsyncConnection,
    cipher: FieldCipher,
    system: str,
    channel: Channel,
    requests: Sequence[IntakeRequest],
    now: datetime,
) -> list[Counterpart]:
    """Create complaints for records that have none; the number of statements does not depend on how many there are.

    The caller holds the lock of ``system`` and takes no lock afterwards, because submissions wait for the counter of
    the ticket numbers.
    """
    if not requests:
        return []
    new = [_new_complaint(system, channel, each, now) for each in requests]
    owners = await _add_reporters(db, cipher, new)
    tickets = await _tickets(db, new)
    rows = [
        {**each.columns, "ticket": ticket, "reporter_id": owner}
        for each, ticket, owner in zip(new, tickets, owners, strict=True)
    ]
    added = await db.execute(insert(complaints).returning(complaints.c.id, sort_by_parameter_order=True), rows)
    ids = list(added.scalars())
    await _add_steps_and_keys(db, system, dict(zip(ids, new, strict=True)))
    links = [(each.request.external_id, id_, Origin.INTAKE) for id_, each in zip(ids, new, strict=True)]
    return await counterparts.link(db, system, links)


def _new_complaint(system: str, channel: Channel, request: IntakeRequest, now: datetime) -> _NewComplaint:
    content = request.intake
    received = min(content.received_at, now)
    agency = intake_fields.agency(content.agency_code, now.astimezone(JAKARTA).date())
    history = tuple(_first_steps(received, agency))
    klass = ComplaintClass(content.klass)
    milestones: dict[str, Any] = dict.fromkeys(("verified_at", "answered_at", "closed_at"))
    for _, entry in history:
        milestones = milestone_times(entry.status, entry.at, milestones)
    columns = {
        "channel": channel.value,
        "class": klass.value,
        "inspection": False,
        "anonymous": content.anonymous,
        "secret": content.secret,
        "attachments": [],
        "category": intake_fields.category(content.category, DEFAULT_CATEGORY),
        "title": intake_fields.title(content.title, content.text),
        "text": intake_fields.text(content.text, content.title),
        "area_code": intake_fields.area(content.area_code),
        "agency_code": agency,
        "submitted_by": f"system:{system}",
        "status": history[-1][1].status.value,
        "received_at": received,
        "updated_at": received,
        **milestones,
        **deadline_columns([entry for _, entry in history], klass, inspection=False),
    }
    return _NewComplaint(request, history, intake_fields.valid_reporter(content.reporter), columns)


def _first_steps(at: datetime, agency: str | None) -> Iterator[tuple[Action, TimelineEntry]]:
    """Yield the first steps: received and verified, and assigned if the record names an agency of the province.

    Otherwise the desk assigns it.
    """
    yield Action.SUBMIT, TimelineEntry(ComplaintStatus.RECEIVED, at)
    yield Action.VERIFY, TimelineEntry(ComplaintStatus.VERIFIED, at)
    if agency:
        yield Action.ASSIGN, TimelineEntry(ComplaintStatus.ASSIGNED, at)


async def _add_reporters(db: AsyncConnection, cipher: FieldCipher, new: Sequence[_NewComplaint]) -> list[int | None]:
    """Return the reporters' ids, None if there is none. The id is allocated first: the ciphertext is bound to it."""
    known = [each.reporter for each in new if each.reporter]
    allocation = "select nextval(pg_get_serial_sequence('reporters', 'id')) from generate_series(1, :count)"
    ids = list(await db.scalars(text(allocation), {"count": len(known)})) if known else []
    each = zip(ids, known, strict=True)
    rows = [encrypted_reporter(cipher, id_, one.name, one.phone, one.email, one.nik) for id_, one in each]
    if rows:
        await db.execute(insert(reporters), rows)
    remaining = iter(ids)
    return [next(remaining) if each.reporter else None for each in new]


async def _tickets(db: AsyncConnection, new: Sequence[_NewComplaint]) -> list[str]:
    next_of = {}
    for year, count in sorted(Counter(each.year for each in new).items()):
        next_of[year] = iter(await numbering.allocate(db, year, datetime.now(UTC), count))
    return [str(next(next_of[each.year])) for each in new]


async def _add_steps_and_keys(db: AsyncConnection, system: str, new: dict[int, _NewComplaint]) -> None:
    by = {"role": Role.SYSTEM.value, "actor": system, "note": None}
    steps = [
        {**by, "complaint_id": id_, "action": action.value, "status": entry.status.value, "at": entry.at}
        for id_, each in new.items()
        for action, entry in each.history
    ]
    await db.execute(insert(complaint_steps), steps)
    keys = [
        {"complaint_id": id_, "name": key.name, "value": key.value}
        for id_, each in new.items()
        for key in dict.fromkeys(each.request.keys)
        if key.name in COMPLAINT_KEYS and not key.personal
    ]
    if keys:
        await db.execute(insert(complaint_keys), keys)
