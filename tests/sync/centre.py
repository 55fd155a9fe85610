"""A system that shares complaints with the hub: the fake one, with words on shared fields and reports to take in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub.complaints.codes import Channel
from hub.complaints.reporter import Reporter
from hub.connectors.base import Intake, Raw, Record
from hub.connectors.http import Http
from hub.connectors.sharing import Authority, Shared, Told
from hub.errors import BadRecord
from hub.kinds import Report
from hub.store.database import Cause
from hub.store.migrate import migrate
from hub.sync.ingest import Ingest, Tally
from tests.fake import Fake, FakeSettings, World, report
from tests.schema.stage import Stage

STATUS = {
    "DISPOSED": "ASSIGNED",
    "IN_PROGRESS": "IN_PROGRESS",
    "FOLLOWED_UP": "ANSWERED",
    "CLOSED": "CLOSED",
    "REJECTED": "REJECTED",
}
LEAVES = {"ASSIGNED": ["IN_PROGRESS", "RETURNED"], "IN_PROGRESS": ["RETURNED"]}
_WHY = "Alasan.", "A reason."


class Centre(Fake):
    """Says of each report where it stands and who must answer; takes in what asks for it."""

    shared = (
        Shared("status", Authority.LATEST, *_WHY, LEAVES),
        Shared("agency", Authority.BOTH, *_WHY),
        Shared("category", Authority.HUB, *_WHY),
        Shared("area", Authority.SYSTEM, *_WHY),
    )
    channel = Channel.LAPOR
    personal = ("user",)

    def theirs(self, record: Record) -> Mapping[str, Told]:
        facts = record.facts
        if not isinstance(facts, Report):
            return {}
        words = {
            "status": STATUS.get(record.status),
            "agency": facts.agency_code,
            "category": facts.category,
            "area": facts.area_code,
        }
        return {name: Told(record.updated_at, word) for name, word in words.items() if word}

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


def told(ref: str, status: str, at: datetime, *, ticket: str | None = None, **over: Any) -> Raw:
    """A report as the centre tells it at a time; newer ones have greater versions."""
    keys = [["ticket", ticket]] if ticket else []
    version = int(at.timestamp() * 1000)
    return report(ref, status=status, at=at.isoformat(), version=version, keys=keys, **over)


def asking(ref: str, at: datetime, **over: Any) -> Raw:
    """A report that asks for an answer of ours."""
    given = {"ask": True, "title": "Jalan berlubang di desa", "content": "Sudah sebulan jalan ini berlubang."}
    return told(ref, over.pop("status", "DISPOSED"), at, **{**given, "area": "33.74", **over})


async def hear(stage: Stage, *items: Raw, connector: type[Centre] = Centre) -> Tally:
    """Take items in as a pull does, in one transaction."""
    async with Http("http://127.0.0.1:9") as http:
        ingest = Ingest(connector(FakeSettings(), http, World()), stage.seal)
        async with stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
            return await ingest.batch(db, items, datetime.now(UTC))


async def shares(stage: Stage) -> None:
    """Register the system as one that shares, as a migration does."""
    await migrate(stage.database.url, [(Centre, FakeSettings())])


async def catch_up(stage: Stage) -> None:
    """The end of a run."""
    async with Http("http://127.0.0.1:9") as http:
        ingest = Ingest(Centre(FakeSettings(), http, World()), stage.seal)
        async with stage.database.write(Cause("pull:fake", "worker", "run-1")) as db:
            await ingest.settle(db, datetime.now(UTC))


async def complaint_of(stage: Stage, ticket: str) -> tuple[object, ...]:
    """Status, agency, and when it was closed."""
    (row,) = await stage.rows("select status, agency_code, closed_at from complaints where ticket = :t", t=ticket)
    return tuple(row)


async def timeline_of(stage: Stage, ticket: str) -> list[tuple[str, str, str, str]]:
    """Action, status, role and actor of each step."""
    return await stage.rows(
        "select s.action, s.status, s.role, s.actor from complaint_steps s join complaints c on c.id = s.complaint_id"
        " where c.ticket = :t order by s.id",
        t=ticket,
    )


async def links_of(stage: Stage) -> list[tuple[str, str, str]]:
    """Record, ticket and origin of each link."""
    return await stage.rows(
        "select p.external_id, c.ticket, p.origin from counterparts p join complaints c on c.id = p.complaint_id"
        " order by p.external_id"
    )
