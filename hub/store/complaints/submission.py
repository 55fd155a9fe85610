"""Submitting a complaint: with its reporter, its keys and the first step of its timeline, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.complaints.codes import ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.submission import Submission
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role
from hub.store.complaints import timeline
from hub.store.complaints.milestones import due
from hub.store.database import Cause
from hub.store.promises import Done
from hub.store.sealing import Seal
from hub.store.tables import complaint_keys, complaints, reporters

DEFAULT_CATEGORY = "OTHER"


async def submit(
    db: AsyncConnection, cause: Cause, seal: Seal, kept: Submission, citizen_id: str | None = None
) -> Done:
    """Keep a normalised submission that the rules allow; ``citizen_id`` is the account it belongs to."""
    now = datetime.now(UTC)
    ticket = str(await _next_ticket(db, now))
    values = await _new_complaint(db, cause, seal, kept, ticket, now) | {"citizen_id": citizen_id}
    complaint_id = (await db.execute(insert(complaints).values(values).returning(complaints.c.id))).scalar_one()
    await _add_keys(db, complaint_id, kept)
    first = Reached(ComplaintStatus.RECEIVED, now)
    await timeline.add_step(db, complaint_id, Action.SUBMIT, first, Role.REPORTER, cause.actor)
    return Done(complaint_id, ticket)


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
