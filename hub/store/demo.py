"""Fills the complaint service with the demo world, once: set by set, with its history, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role, Verdict
from hub.demo.directory import directory
from hub.demo.world import DemoComplaint, Step, complaints
from hub.store.complaints.milestones import due, times
from hub.store.complaints.submission import sealed_reporter
from hub.store.database import Cause, Database, driver
from hub.store.sealing import Seal

CAUSE = Cause("demo", "demo", "demo")
_FIRST_ID = 1


async def seed(database: Database, seal: Seal, today: date) -> int:
    """Put the year that ends ``today`` into an empty complaint service; returns how many complaints, 0 if not empty."""
    async with database.write(CAUSE) as db:
        await db.execute(text("select pg_advisory_xact_lock(hashtextextended('demo', 0))"))
        if await db.scalar(text("select exists (select from complaints)")):
            return 0
        year = complaints(today)
        rows = [_Row.of(number, complaint) for number, complaint in enumerate(year, _FIRST_ID)]
        await _fill(db, seal, rows)
        await _directory(db)
        await _count_on(db, rows)
    async with database.read() as db:
        await db.execute(text("analyze complaints, complaint_keys, complaint_steps, reporters"))
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Row:
    """A demo complaint with the id it will have."""

    id: int
    told: DemoComplaint
    columns: dict[str, Any]

    @classmethod
    def of(cls, number: int, told: DemoComplaint) -> _Row:
        """With the milestones and the deadline its life gives it."""
        life = [Reached(ComplaintStatus(step.status), step.at) for step in told.steps]
        columns: dict[str, Any] = {"verified_at": None, "answered_at": None, "closed_at": None}
        for one in life:
            columns = times(one.status, one.at, columns)
        return cls(number, told, columns | due(life, ComplaintClass(told.klass), told.inspection))


_COPIES: dict[str, Callable[[Seal, _Row], Iterable[Sequence[Any]]]] = {}


def _copies(table: str, columns: str) -> Callable[[Any], Any]:
    def declare(make: Callable[[Seal, _Row], Iterable[Sequence[Any]]]) -> Any:
        _COPIES[f"copy {table} ({columns}) from stdin"] = make
        return make

    return declare


@_copies("reporters", "id, sealed, phone_hash, email_hash, nik_hash, created_at")
def _reporter(seal: Seal, row: _Row) -> Iterable[Sequence[Any]]:
    who = row.told.reporter
    yield (*sealed_reporter(seal, row.id, who.name, who.phone, who.email, who.nik).values(), row.told.received_at)


@_copies(
    "complaints",
    "id, ticket, channel, class, inspection, category, title, text, area_code, latitude, longitude, agency_code,"
    " reporter_id, anonymous, secret, submitted_by, attachments, status, received_at, verified_at, answered_at,"
    " closed_at, due_at, due_estimated, rating, updated_at",
)
def _complaint(seal: Seal, row: _Row) -> Iterable[Sequence[Any]]:
    told, at = row.told, row.columns
    yield (
        *(row.id, told.ticket, told.channel, told.klass, told.inspection, told.category, told.title, told.text),
        *(told.area_code, told.latitude, told.longitude, told.agency_code, row.id, told.anonymous, told.secret),
        *("demo", orjson.dumps([]).decode(), told.status, told.received_at),
        *(at["verified_at"], at["answered_at"], at["closed_at"], at["due_at"], at["due_estimated"]),
        *(told.rating, told.steps[-1].at),
    )


@_copies("complaint_keys", "complaint_id, name, value")
def _keys(seal: Seal, row: _Row) -> Iterable[Sequence[Any]]:
    told = row.told
    if told.payment:
        yield row.id, "payment", told.payment.reference
    if told.order:
        yield row.id, "order", told.order.order_id
    # Only some know their number at the centre; the others are found by the ticket in the report's tags.
    if told.report and told.number % 2:
        yield row.id, "report", told.report.tracking_id


@_copies("complaint_steps", "complaint_id, action, status, role, actor, at, note")
def _steps(seal: Seal, row: _Row) -> Iterable[Sequence[Any]]:
    before: Step | None = None
    for step in row.told.steps:
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
    """What was done to reach a status, from where it stood."""
    if before is None:
        return Action.SUBMIT
    if before.status == "RETURNED" and step.status not in ("REJECTED", "VERIFIED"):
        return Action.RESUME
    if before.status in ("ANSWERED", "CLOSED", "REJECTED") and step.status in ("IN_PROGRESS", "RECEIVED"):
        return Action.REOPEN
    return _ACTIONS[step.status]


async def _fill(db: AsyncConnection, seal: Seal, rows: list[_Row]) -> None:
    raw: psycopg.AsyncConnection[Any] = await driver(db)
    for statement, make in _COPIES.items():
        async with raw.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                for values in make(seal, row):
                    await copy.write_row(values)
    for table in ("reporters", "complaints"):
        await db.execute(
            text(f"select setval(pg_get_serial_sequence('{table}', 'id'), :last)"), {"last": len(rows) + _FIRST_ID}
        )


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


async def _count_on(db: AsyncConnection, rows: list[_Row]) -> None:
    """New tickets go on where the demo's end."""
    last: dict[int, int] = {}
    for row in rows:
        ticket = Ticket.parse(row.told.ticket)
        assert ticket, f"{row.told.ticket} is no ticket"
        last[ticket.year] = max(ticket.number, last.get(ticket.year, 0))
    for year, number in last.items():
        await db.execute(text("insert into ticket_numbers values (:year, :last)"), {"year": year, "last": number})
