"""Submits a complaint with its reporter, its keys and the first step of its timeline, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.calendar import JAKARTA
from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintStatus
from hub.complaints.submission import Submission
from hub.complaints.workflow import Action, Role
from hub.store.complaints import numbering, timeline
from hub.store.complaints.milestones import deadline_columns
from hub.store.database import Cause
from hub.store.encryption import FieldCipher
from hub.store.idempotency import Completed
from hub.store.tables import complaint_keys, complaints, reporters

DEFAULT_CATEGORY = "OTHER"


async def submit(
    db: AsyncConnection, cause: Cause, cipher: FieldCipher, submission: Submission, citizen_id: str | None = None
) -> Completed:
    """Store a normalised and valid submission; ``citizen_id`` is the account of the reporter, if there is one."""
    now = datetime.now(UTC)
    (ticket_number,) = await numbering.allocate(db, now.astimezone(JAKARTA).year, now)
    ticket = str(ticket_number)
    values = await _new_complaint(db, cause, cipher, submission, ticket, now) | {"citizen_id": citizen_id}
    complaint_id = (await db.execute(insert(complaints).values(values).returning(complaints.c.id))).scalar_one()
    await _add_keys(db, complaint_id, submission)
    first = TimelineEntry(ComplaintStatus.RECEIVED, now)
    await timeline.add_step(db, complaint_id, Action.SUBMIT, first, Role.REPORTER, cause.actor)
    return Completed(complaint_id, ticket)


async def _new_complaint(
    db: AsyncConnection, cause: Cause, cipher: FieldCipher, submission: Submission, ticket: str, now: datetime
) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "channel": submission.channel.value,
        "class": submission.klass.value,
        "inspection": submission.inspection,
        "category": submission.category or DEFAULT_CATEGORY,
        "title": submission.title,
        "text": submission.text,
        "area_code": submission.area_code,
        "latitude": submission.latitude,
        "longitude": submission.longitude,
        "agency_code": submission.agency_code,
        "reporter_id": await _add_reporter(db, cipher, submission),
        "anonymous": submission.anonymous,
        "secret": submission.secret,
        "submitted_by": cause.actor,
        "attachments": [asdict(each) for each in submission.attachments],
        "status": ComplaintStatus.RECEIVED.value,
        "received_at": now,
        "updated_at": now,
        **deadline_columns([TimelineEntry(ComplaintStatus.RECEIVED, now)], submission.klass, submission.inspection),
    }


def encrypted_reporter(
    cipher: FieldCipher, reporter_id: int, name: str, phone: str | None, email: str | None, nik: str | None
) -> dict[str, Any]:
    """Return the columns of a reporter: the ciphertext, and keyed hashes to look it up by."""
    return {
        "id": reporter_id,
        "sealed": cipher.encrypt(
            {"name": name, "phone": phone, "email": email, "nik": nik}, f"reporters:{reporter_id}"
        ),
        "phone_hash": cipher.hash("phone", phone) if phone else None,
        "email_hash": cipher.hash("email", email) if email else None,
        "nik_hash": cipher.hash("nik", nik) if nik else None,
    }


async def _add_reporter(db: AsyncConnection, cipher: FieldCipher, submission: Submission) -> int | None:
    if submission.reporter is None:
        return None
    reporter = submission.reporter
    reporter_id = int(await db.scalar(text("select nextval(pg_get_serial_sequence('reporters', 'id'))")) or 0)
    values = encrypted_reporter(cipher, reporter_id, reporter.name, reporter.phone, reporter.email, reporter.nik)
    await db.execute(insert(reporters).values(values))
    return reporter_id


async def _add_keys(db: AsyncConnection, complaint_id: int, submission: Submission) -> None:
    references = {
        "payment": submission.payment_reference,
        "order": submission.order_id,
        "report": submission.tracking_id,
        "permit": submission.permit_number,
    }
    rows = [{"complaint_id": complaint_id, "name": name, "value": value} for name, value in references.items() if value]
    if rows:
        await db.execute(insert(complaint_keys), rows)
