"""A central system for tests: the fake system, with shared fields and reports that the province must answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub.complaints.enums import Channel
from hub.complaints.field_authority import Authority, SharedField, Value
from hub.complaints.reporter import Reporter
from hub.contract import Intake, Raw, Record
from hub.errors import BadRecord
from hub.http_client import Http
from hub.kinds import Report
from hub.store.database import Cause
from hub.store.migrate import migrate
from hub.sync.ingest import Ingest, Tally
from tests.fake_connector import Fake, FakeSettings, World, report
from tests.schema.harness import Stage

STATUS = {
    "DISPOSED": "ASSIGNED",
    "IN_PROGRESS": "IN_PROGRESS",
    "FOLLOWED_UP": "ANSWERED",
    "CLOSED": "CLOSED",
    "REJECTED": "REJECTED",
}
LEAVES = {"ASSIGNED": ["IN_PROGRESS", "RETURNED"], "IN_PROGRESS": ["RETURNED"]}
_WHY = "Alasan.", "A reason."


class CentralSystem(Fake):
    """Shares status and agency of each report; reports that require an answer of the province become complaints."""

    shared = (
        SharedField("status", Authority.LATEST, *_WHY, LEAVES),
        SharedField("agency", Authority.MANUAL, *_WHY),
        SharedField("category", Authority.LOCAL, *_WHY),
        SharedField("area", Authority.REMOTE, *_WHY),
    )
    channel = Channel.LAPOR
    personal = ("user",)
    columns = (*Fake.columns, "ask", "class", "anonymous")

    def shared_values(self, record: Record) -> Mapping[str, Value]:
        facts = record.facts
        if not isinstance(facts, Report):
            return {}
        values = {
            "status": STATUS.get(record.status),
            "agency": facts.agency_code,
            "category": facts.category,
            "area": facts.area_code,
        }
        return {name: Value(record.updated_at, value) for name, value in values.items() if value}

    def intake(self, raw: Mapping[str, Any], record: Record) -> Intake | None:
        facts = record.facts
        if not raw.get("ask") or not isinstance(facts, Report):
            return None
        if raw["ask"] == "unreadable":
            raise BadRecord("user: no name")
        user = raw.get("user")
        return Intake(
            title=facts.title,
            text=facts.content,
            klass=raw.get("class", "COMPLAINT"),
            category="ROADS",
            area_code=facts.area_code,
            agency_code=facts.agency_code,
            anonymous=raw.get("anonymous", False),
            secret=facts.secret,
            received_at=record.occurred_at,
            reporter=Reporter(**user) if user else None,
        )


def central_report(ref: str, status: str, at: datetime, *, ticket: str | None = None, **over: Any) -> Raw:
    """Return a report of the central system at a time; newer ones have greater versions."""
    keys = [["ticket", ticket]] if ticket else []
    version = int(at.timestamp() * 1000)
    return report(ref, status=status, at=at.isoformat(), version=version, keys=keys, **over)


def intake_report(ref: str, at: datetime, **over: Any) -> Raw:
    """Return a report that requires an answer of the province."""
    given = {"ask": True, "title": "Jalan berlubang di desa", "content": "Sudah sebulan jalan ini berlubang."}
    return central_report(ref, over.pop("status", "DISPOSED"), at, **{**given, "area": "33.74", **over})


SENT = """
insert into counterparts (system, external_id, complaint_id, origin)
select 'fake', s.id, c.id, 'SENT' from unnest(cast(:ids as text[]), cast(:tickets as text[])) as s(id, ticket)
join complaints c on c.ticket = s.ticket on conflict do nothing
"""


async def ingest_reports(
    stage: Stage, *items: Raw, connector: type[CentralSystem] = CentralSystem, sent: bool = True
) -> Tally:
    """Store items as a pull does, in one transaction. With ``sent``, the hub has sent reports that name a ticket."""
    tickets = {key[1]: item["id"] for item in items for key in item["keys"] if sent and key[0] == "ticket"}
    await stage.run(SENT, tickets=list(tickets), ids=list(tickets.values()))
    async with Http("http://127.0.0.1:9") as http:
        ingest = Ingest(connector(FakeSettings(), http, World()), stage.cipher)
        async with stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
            return await ingest.store(db, items, datetime.now(UTC))


async def register_system(stage: Stage) -> None:
    """Register the system as one that shares fields, as a migration does."""
    await migrate(stage.database.url, [CentralSystem.declaration(FakeSettings())])


async def finish_run(stage: Stage) -> None:
    """End a full run."""
    async with Http("http://127.0.0.1:9") as http:
        ingest = Ingest(CentralSystem(FakeSettings(), http, World()), stage.cipher)
        async with stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
            await ingest.finish_run(db, datetime.now(UTC))


async def complaint_of(stage: Stage, ticket: str) -> tuple[object, ...]:
    """Return status, agency, and closing time of a complaint."""
    (row,) = await stage.rows("select status, agency_code, closed_at from complaints where ticket = :t", t=ticket)
    return tuple(row)


async def timeline_of(stage: Stage, ticket: str) -> list[tuple[str, str, str, str]]:
    """Return action, status, role and actor of each step."""
    return await stage.rows(
        "select s.action, s.status, s.role, s.actor from complaint_steps s join complaints c on c.id = s.complaint_id"
        " where c.ticket = :t order by s.id",
        t=ticket,
    )


async def links_of(stage: Stage) -> list[tuple[str, str, str]]:
    """Return record, ticket and origin of each link."""
    return await stage.rows(
        "select p.external_id, c.ticket, p.origin from counterparts p join complaints c on c.id = p.complaint_id"
        " order by p.external_id"
    )
