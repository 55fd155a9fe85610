"""What can be done to a complaint, each in one transaction: submit it, and move it along the workflow.

The rules are in ``hub.complaints``; here they meet the stored complaint. Every act takes the row's
lock, asks the rules, writes the complaint and its timeline, and says a refusal as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached, deadlines
from hub.complaints.submission import Submission, normalise
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Refusal, Role, move
from hub.store import sight
from hub.store.database import Cause
from hub.store.naming import nameable
from hub.store.sealing import Seal
from hub.store.tables import complaint_keys, complaint_steps, complaints, idempotency, reporters
from hub.viewer import Viewer, ViewerKind

DEFAULT_CATEGORY = "OTHER"


@dataclass(frozen=True, slots=True)
class Done:
    """The act was done, now or when it was first asked for with this key."""

    complaint_id: int
    ticket: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The idempotency key was used before, for something else."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What makes a repeat the same: who asks, what for, their key, and the input it was used with."""

    client: str
    operation: str
    key: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One move of one complaint. ``changes`` are columns that the act itself sets."""

    ticket: str
    action: Action
    note: str | None = None
    changes: Mapping[str, Any] | None = None


async def submit(
    db: AsyncConnection, cause: Cause, seal: Seal, promise: Promise, told: Submission, citizen_id: str | None = None
) -> Done | KeyTaken:
    """Keep a submission that the rules found nothing wrong with; ``citizen_id`` is the account it belongs to."""
    before = await _claim(db, seal, promise)
    if before is not None:
        return before
    kept, now = normalise(told), datetime.now(UTC)
    ticket = str(await _next_ticket(db, now))
    values = await _new_complaint(db, cause, seal, kept, ticket, now) | {"citizen_id": citizen_id}
    complaint_id = (await db.execute(insert(complaints).values(values).returning(complaints.c.id))).scalar_one()
    await _add_keys(db, complaint_id, kept)
    await _add_step(db, complaint_id, Action.SUBMIT, ComplaintStatus.RECEIVED, Role.REPORTER, cause.actor, now, None)
    await _fulfil(db, promise, complaint_id)
    return Done(complaint_id, ticket)


async def act(
    db: AsyncConnection, cause: Cause, seal: Seal, viewer: Viewer, promise: Promise | None, wanted: Act
) -> Done | KeyTaken | Refusal | None:
    """Move a complaint; None when it is not there or not the viewer's to act on."""
    before = await _claim(db, seal, promise) if promise else None
    if before is not None:
        return before
    done = await _tried(db, cause, viewer, wanted)
    if promise:
        await (_fulfil(db, promise, done.complaint_id) if isinstance(done, Done) else _release(db, promise))
    return done


async def _tried(db: AsyncConnection, cause: Cause, viewer: Viewer, wanted: Act) -> Done | Refusal | None:
    row = await _locked(db, viewer, wanted.ticket)
    if row is None:
        return None
    life = await _life(db, row["id"])
    role = role_of(viewer)
    reached = move(ComplaintStatus(row["status"]), wanted.action, role, returned_from=_before_return(life))
    if isinstance(reached, Refusal):
        return reached
    await _moved(db, cause, row, life, reached, wanted, role)
    return Done(row["id"], row["ticket"])


def role_of(viewer: Viewer) -> Role:
    """In what role a viewer acts: an officer for the desk or an agency, anybody else for the reporter."""
    if viewer.kind is ViewerKind.OFFICER and viewer.agency:
        return Role.AGENCY
    return Role.DESK if viewer.kind in (ViewerKind.OFFICER, ViewerKind.WORKER) else Role.REPORTER


async def _moved(
    db: AsyncConnection,
    cause: Cause,
    row: RowMapping,
    life: list[Reached],
    reached: ComplaintStatus,
    wanted: Act,
    role: Role,
) -> None:
    # Two acts in one millisecond, or a clock that was set back, must not tear the timeline's order.
    now = max(datetime.now(UTC), row["updated_at"])
    moves = [] if wanted.action is Action.REPLY and reached.value == row["status"] else [Reached(reached, now)]
    values = {
        **(wanted.changes or {}),
        **(times(reached, now, dict(row)) if reached.value != row["status"] else {}),
        **due([*life, *moves], ComplaintClass(row["class"]), row["inspection"]),
        "status": reached.value,
        "updated_at": now,
    }
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(values))
    await _add_step(db, row["id"], wanted.action, reached, role, cause.actor, now, wanted.note)


def times(reached: ComplaintStatus, at: datetime, row: Mapping[str, Any]) -> dict[str, datetime | None]:
    """The milestones a complaint has once it reached a status; reopening takes the later ones back."""
    found: dict[str, datetime | None] = {
        "verified_at": row["verified_at"],
        "answered_at": row["answered_at"],
        "closed_at": row["closed_at"],
    }
    if reached is ComplaintStatus.RECEIVED:
        # What was rejected and is opened again has to be verified anew; until then the public does not see it.
        found["verified_at"] = None
    if reached is ComplaintStatus.VERIFIED:
        found["verified_at"] = found["verified_at"] or at
    if reached is ComplaintStatus.ANSWERED:
        found["answered_at"] = at
    if reached in (ComplaintStatus.CLOSED, ComplaintStatus.REJECTED):
        found["closed_at"] = found["closed_at"] or at
    elif reached not in (ComplaintStatus.ANSWERED,):
        found["answered_at"] = found["closed_at"] = None
    return found


def due(life: list[Reached], klass: ComplaintClass, inspection: bool) -> dict[str, Any]:
    """The columns that hold a complaint's deadline, from its life."""
    clocks = deadlines(life, klass, inspection)
    current = clocks.current
    return {"due_at": clocks.due_at, "due_estimated": bool(current and current.estimated)}


async def _locked(db: AsyncConnection, viewer: Viewer, ticket: str) -> RowMapping | None:
    if not nameable(ticket):
        return None
    statement = select(complaints).where(complaints.c.ticket == ticket, sight.in_full(viewer)).with_for_update()
    return (await db.execute(statement)).mappings().one_or_none()


async def _life(db: AsyncConnection, complaint_id: int) -> list[Reached]:
    steps = complaint_steps.c
    found = await db.execute(
        select(steps.action, steps.status, steps.at).where(steps.complaint_id == complaint_id).order_by(steps.id)
    )
    life: list[Reached] = []
    for action, status, at in found:
        # A reply that moved nothing starts no clock anew.
        if action != Action.REPLY or status != life[-1].status:
            life.append(Reached(ComplaintStatus(status), at))
    return life


def _before_return(life: list[Reached]) -> ComplaintStatus:
    """The status before the reporter was asked."""
    return next((one.status for one in reversed(life) if one.status is not ComplaintStatus.RETURNED), life[0].status)


async def _next_ticket(db: AsyncConnection, now: datetime) -> Ticket:
    year = now.astimezone(JAKARTA).year
    number = await db.scalar(
        text(
            "insert into ticket_numbers (year, last) values (:year, 1)"
            " on conflict (year) do update set last = ticket_numbers.last + 1 returning last"
        ),
        {"year": year},
    )
    return Ticket(year, int(number or 0))


async def _new_complaint(
    db: AsyncConnection, cause: Cause, seal: Seal, kept: Submission, ticket: str, now: datetime
) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "channel": kept.channel.value,
        "class": kept.klass.value,
        "inspection": kept.inspection,
        "category": kept.category or DEFAULT_CATEGORY,
        "title": kept.title,
        "text": kept.text,
        "area_code": kept.area_code,
        "latitude": kept.latitude,
        "longitude": kept.longitude,
        "agency_code": kept.agency_code,
        "reporter_id": await _add_reporter(db, seal, kept),
        "anonymous": kept.anonymous,
        "secret": kept.secret,
        "submitted_by": cause.actor,
        "attachments": [asdict(each) for each in kept.attachments],
        "status": ComplaintStatus.RECEIVED.value,
        "received_at": now,
        "updated_at": now,
        **due([Reached(ComplaintStatus.RECEIVED, now)], kept.klass, kept.inspection),
    }


def sealed_reporter(
    seal: Seal, reporter_id: int, name: str, phone: str | None, email: str | None, nik: str | None
) -> dict[str, Any]:
    """The columns of a reporter: sealed, and hashed to be found by."""
    return {
        "id": reporter_id,
        "sealed": seal.seal({"name": name, "phone": phone, "email": email, "nik": nik}, f"reporters:{reporter_id}"),
        "phone_hash": seal.hash("phone", phone) if phone else None,
        "email_hash": seal.hash("email", email) if email else None,
        "nik_hash": seal.hash("nik", nik) if nik else None,
    }


async def _add_reporter(db: AsyncConnection, seal: Seal, kept: Submission) -> int | None:
    if kept.reporter is None:
        return None
    who = kept.reporter
    reporter_id = int(await db.scalar(text("select nextval(pg_get_serial_sequence('reporters', 'id'))")) or 0)
    values = sealed_reporter(seal, reporter_id, who.name, who.phone, who.email, who.nik)
    await db.execute(insert(reporters).values(values))
    return reporter_id


async def _add_keys(db: AsyncConnection, complaint_id: int, kept: Submission) -> None:
    told = {"payment": kept.payment_reference, "order": kept.order_id, "report": kept.tracking_id}
    rows = [{"complaint_id": complaint_id, "name": name, "value": value} for name, value in told.items() if value]
    if rows:
        await db.execute(insert(complaint_keys), rows)


async def _add_step(
    db: AsyncConnection,
    complaint_id: int,
    action: Action,
    status: ComplaintStatus,
    role: Role,
    actor: str,
    at: datetime,
    note: str | None,
) -> None:
    values = {
        "action": action.value,
        "status": status.value,
        "role": role.value,
        "actor": actor,
        "at": at,
        "note": note,
    }
    await db.execute(insert(complaint_steps).values(complaint_id=complaint_id, **values))


async def _claim(db: AsyncConnection, seal: Seal, promise: Promise) -> Done | KeyTaken | None:
    """Take the key for this transaction, or find what it was used for; waits for whoever is using it now."""
    told = orjson.dumps(dict(promise.input), option=orjson.OPT_SORT_KEYS, default=str).decode()
    fingerprint = seal.hash("input", told)
    place = {"client": promise.client, "operation": promise.operation, "key": promise.key}
    statement = postgresql.insert(idempotency).values(fingerprint=fingerprint, **place).on_conflict_do_nothing()
    # SQLAlchemy keeps no row count of an INSERT, so the row itself says whether it is new.
    if await db.scalar(statement.returning(idempotency.c.key)) is not None:
        return None
    row = (
        await db.execute(
            select(idempotency.c.fingerprint, complaints.c.id, complaints.c.ticket)
            .outerjoin(complaints, complaints.c.id == idempotency.c.complaint_id)
            .filter_by(**place)
        )
    ).one()
    return Done(row.id, row.ticket) if row.fingerprint == fingerprint else KeyTaken()


async def _fulfil(db: AsyncConnection, promise: Promise, complaint_id: int) -> None:
    await db.execute(update(idempotency).where(_promised(promise)).values(complaint_id=complaint_id))


async def _release(db: AsyncConnection, promise: Promise) -> None:
    """Nothing was done, so the key is free again: the same may be allowed later."""
    await db.execute(delete(idempotency).where(_promised(promise)))


def _promised(promise: Promise) -> ColumnElement[bool]:
    return and_(
        idempotency.c.client == promise.client,
        idempotency.c.operation == promise.operation,
        idempotency.c.key == promise.key,
    )
