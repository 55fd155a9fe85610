"""Seeds an empty complaint service with the demo world: table by table, with its history, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.deadlines import TimelineEntry
from hub.complaints.enums import ComplaintClass, ComplaintStatus
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role, Verdict
from hub.demo.directory import directory
from hub.demo.months import YEAR
from hub.demo.world import DemoComplaint, Step, complaints
from hub.store.complaints.milestones import deadline_columns, milestone_times
from hub.store.database import Cause, Database, driver_connection
from hub.store.encryption import FieldCipher
from hub.store.reconciliation.counterparts import Origin
from hub.store.use_cases.submission import encrypted_reporter

CAUSE = Cause("demo", "demo", "demo")
_FIRST_ID = 1


async def seed(database: Database, cipher: FieldCipher, today: date, count: int = YEAR) -> int:
    """Seed an empty complaint service with the year that ends ``today``; return how many complaints, 0 if not empty."""
    async with database.write(CAUSE) as db:
        await db.execute(text("select pg_advisory_xact_lock(hashtextextended('demo', 0))"))
        if await db.scalar(text("select exists (select from complaints)")):
            return 0
        year = complaints(today, count)
        rows = [_Row.from_complaint(number, complaint) for number, complaint in enumerate(year, _FIRST_ID)]
        await _fill(db, cipher, rows)
        await _counterparts(db, rows)
        await _directory(db)
        await _continue_ticket_numbers(db, rows)
    async with database.read() as db:
        await db.execute(text("analyze complaints, complaint_keys, complaint_steps, reporters"))
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Row:
    """A demo complaint with its id and derived columns."""

    id: int
    complaint: DemoComplaint
    columns: dict[str, Any]

    @classmethod
    def from_complaint(cls, number: int, complaint: DemoComplaint) -> _Row:
        """Return the row with the milestones and the deadline that follow from the complaint's steps."""
        history = [TimelineEntry(ComplaintStatus(step.status), step.at) for step in complaint.steps]
        columns: dict[str, Any] = {"verified_at": None, "answered_at": None, "closed_at": None}
        for entry in history:
            columns = milestone_times(entry.status, entry.at, columns)
        return cls(
            number,
            complaint,
            columns | deadline_columns(history, ComplaintClass(complaint.klass), complaint.inspection),
        )


_COPIES: dict[str, Callable[[FieldCipher, _Row], Iterable[Sequence[Any]]]] = {}


def _copies(table: str, columns: str) -> Callable[[Any], Any]:
    def declare(make: Callable[[FieldCipher, _Row], Iterable[Sequence[Any]]]) -> Any:
        _COPIES[f"copy {table} ({columns}) from stdin"] = make
        return make

    return declare


@_copies("reporters", "id, sealed, phone_hash, email_hash, nik_hash, created_at")
def _reporter(cipher: FieldCipher, row: _Row) -> Iterable[Sequence[Any]]:
    reporter = row.complaint.reporter
    yield (
        *encrypted_reporter(cipher, row.id, reporter.name, reporter.phone, reporter.email, reporter.nik).values(),
        row.complaint.received_at,
    )


@_copies(
    "complaints",
    "id, ticket, channel, class, inspection, category, title, text, area_code, latitude, longitude, agency_code,"
    " reporter_id, anonymous, secret, submitted_by, attachments, status, received_at, verified_at, answered_at,"
    " closed_at, due_at, due_estimated, rating, updated_at",
)
def _complaint(cipher: FieldCipher, row: _Row) -> Iterable[Sequence[Any]]:
    complaint, columns = row.complaint, row.columns
    yield (
        *(
            row.id,
            complaint.ticket,
            complaint.channel,
            complaint.klass,
            complaint.inspection,
            complaint.category,
            complaint.title,
            complaint.text,
        ),
        *(
            complaint.area_code,
            complaint.latitude,
            complaint.longitude,
            complaint.agency_code,
            row.id,
            complaint.anonymous,
            complaint.secret,
        ),
        *("demo", orjson.dumps([]).decode(), complaint.status, complaint.received_at),
        *(
            columns["verified_at"],
            columns["answered_at"],
            columns["closed_at"],
            columns["due_at"],
            columns["due_estimated"],
        ),
        *(complaint.rating, complaint.steps[-1].at),
    )


@_copies("complaint_keys", "complaint_id, name, value")
def _keys(cipher: FieldCipher, row: _Row) -> Iterable[Sequence[Any]]:
    complaint = row.complaint
    if complaint.payment:
        yield row.id, "payment", complaint.payment.reference
    if complaint.order:
        yield row.id, "order", complaint.order.order_id
    # Only some reporters know the tracking id of their report.
    if complaint.report and complaint.number % 2:
        yield row.id, "report", complaint.report.tracking_id


@_copies("complaint_steps", "complaint_id, action, status, role, actor, at, note")
def _steps(cipher: FieldCipher, row: _Row) -> Iterable[Sequence[Any]]:
    before: Step | None = None
    for step in row.complaint.steps:
        note = "\n".join(part for part in (step.reason, step.note) if part) or None
        yield row.id, _action(before, step).value, step.status, Role(step.by).value, "demo", step.at, note
        before = step


_ACTIONS = {
    "RECEIVED": Action.SUBMIT,
    "VERIFIED": Action.VERIFY,
    "ASSIGNED": Action.ASSIGN,
    "IN_PROGRESS": Action.START,
    "ANSWERED": Action.ANSWER,
    "CLOSED": Action.CLOSE,
    "RETURNED": Verdict.RETURNED.action,
    "REJECTED": Verdict.REJECTED.action,
}


def _action(before: Step | None, step: Step) -> Action:
    """Return the action that led from the step ``before`` to ``step``."""
    if before is None:
        return Action.SUBMIT
    if before.status == "RETURNED" and step.status not in ("REJECTED", "VERIFIED"):
        return Action.RESUME
    if before.status in ("ANSWERED", "CLOSED", "REJECTED") and step.status in ("IN_PROGRESS", "RECEIVED"):
        return Action.REOPEN
    return _ACTIONS[step.status]


async def _fill(db: AsyncConnection, cipher: FieldCipher, rows: list[_Row]) -> None:
    raw: psycopg.AsyncConnection[Any] = await driver_connection(db)
    for statement, make in _COPIES.items():
        async with raw.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                for values in make(cipher, row):
                    await copy.write_row(values)
    for table in ("reporters", "complaints"):
        await db.execute(
            text(f"select setval(pg_get_serial_sequence('{table}', 'id'), :last)"), {"last": len(rows) + _FIRST_ID}
        )


_LINK = """
insert into counterparts (system, external_id, complaint_id, origin)
select s.name, t.report, t.complaint, :origin
from unnest(cast(:reports as text[]), cast(:complaints as bigint[])) as t(report, complaint)
join systems s on s.sends @> '{CREATE}'
"""


async def _counterparts(db: AsyncConnection, rows: list[_Row]) -> None:
    """Link the complaints to their reports, as if confirmed by the desk, at each system that accepts complaints."""
    links = [(str(row.complaint.report.id), row.id) for row in rows if row.complaint.report]
    reports, ids = (list(each) for each in zip(*links, strict=True))
    await db.execute(text(_LINK), {"reports": reports, "complaints": ids, "origin": Origin.CONFIRMED})


async def _directory(db: AsyncConnection) -> None:
    for code, office in directory().items():
        await db.execute(
            text(
                "update agencies set head_name = :head, head_phone = :head_phone, email = :email, phone = :phone"
                " where code = :code"
            ),
            {
                "code": code,
                "head": office.head_name,
                "head_phone": office.head_phone,
                "email": office.email,
                "phone": office.phone,
            },
        )


async def _continue_ticket_numbers(db: AsyncConnection, rows: list[_Row]) -> None:
    """Set the ticket counters behind the tickets of the demo world."""
    last: dict[int, int] = {}
    for row in rows:
        ticket = Ticket.parse(row.complaint.ticket)
        assert ticket, f"{row.complaint.ticket} is no ticket"
        last[ticket.year] = max(ticket.number, last.get(ticket.year, 0))
    for year, number in last.items():
        await db.execute(text("insert into ticket_numbers values (:year, :last)"), {"year": year, "last": number})
