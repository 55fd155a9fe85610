"""Two registers of permits that exist in tests only: the centre's and the region's. Both are dictionaries in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import text

from hub.agreement.enums import Side
from hub.agreement.pairs import Register
from hub.connectors.base import Connector, ConnectorSettings
from hub.contract import Decision, Page, Raw, Record, Run
from hub.errors import RecordChanged
from hub.http_client import Http
from hub.kinds import Key, Kind, Permit, PermitStatus
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.decisions import DecisionRun
from hub.sync.ingest import Ingest

T0 = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
SEAL = FieldCipher([b"k" * 32], b"s" * 40)
SHOWS = {each.value: each.value for each in PermitStatus if each is not PermitStatus.UNKNOWN}
TAKES = frozenset({"status", "number", "issued_on", "valid_until"})
_FACTS = tuple(each.name for each in fields(Permit))


def at(minutes: float) -> str:
    """A time so many minutes after ``T0``, as the registers write it."""
    return (T0 + timedelta(minutes=minutes)).isoformat()


def permit(id_: str, permit_id: str | None = None, **over: Any) -> Raw:
    """A raw permit. ``changed`` and ``since`` are times of ``at``; without a ``permit_id`` it has no key of both."""
    facts = {
        "permit_id": permit_id,
        "nib": "3399000000001",
        "project_id": "R-1",
        "type_code": "000044000203",
        "sector": "COOPERATIVES",
        "authority": "REGENCY",
        "agency_code": "DINKOPUKM",
        "area_code": "33.74",
        "kbli": "64142",
        "scale": "SMALL",
    }
    return {"id": id_, "status": "VERIFICATION", "since": at(0), "changed": at(0), **facts, **over}


@dataclass
class Registered:
    """What one register holds, and what it does when it is told something."""

    items: dict[str, Raw] = field(default_factory=dict)
    told: list[Decision] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    broken: set[str | None] = field(default_factory=set)
    """The records about which its connector has an internal error."""
    read_errors: list[Exception] = field(default_factory=list)
    """What happens when one of its records is read next."""
    deaf: bool = False
    """Whether it accepts decisions and does not follow them."""

    def put(self, raw: Raw) -> Raw:
        self.items[raw["id"]] = raw
        return raw


class NoSettings(ConnectorSettings):
    """No settings of its own."""


class _Permits(Connector):
    title = "Register"
    owner = "Tests"
    docs = "about:blank"
    id_path = "id"
    kinds: ClassVar[tuple[type[Kind], ...]] = (Permit,)
    Settings = NoSettings
    visible_to = "licensing:read"

    def __init__(self, settings: ConnectorSettings, http: Http, registered: Registered) -> None:
        super().__init__(settings, http)
        self.registered = registered

    async def pages(self, run: Run) -> AsyncGenerator[Page, None]:
        yield Page(list(self.registered.items.values()))

    async def fetch_one(self, external_id: str) -> Raw | None:
        if self.registered.read_errors:
            raise self.registered.read_errors.pop(0)
        return self.registered.items.get(external_id)

    async def inquire(self, reference: str) -> Raw | None:
        return await self.fetch_one(reference)

    async def probe(self) -> None:
        return None

    def map(self, raw: Mapping[str, Any]) -> Record:
        known = raw["status"] in SHOWS
        changed = datetime.fromisoformat(raw["changed"])
        return Record(
            facts=Permit(**{name: raw.get(name) for name in _FACTS}),
            external_id=raw["id"],
            version=int(changed.timestamp()),
            status=raw["status"] if known else "UNKNOWN",
            source_status=raw["status"],
            unknown=None if known else "status",
            occurred_at=datetime.fromisoformat(raw["since"]),
            updated_at=changed,
            keys=(Key("permit", raw["permit_id"]),) if raw.get("permit_id") else (),
        )

    async def tell(self, decision: Decision) -> list[Raw]:
        here = self.registered
        if decision.external_id in here.broken:
            raise ValueError("a fault of the connector")
        if here.errors:
            raise here.errors.pop(0)
        here.told.append(decision)
        record = decision.record
        assert isinstance(record.facts, Permit)
        if decision.external_id is None:
            facts = {name: getattr(record.facts, name) for name in _FACTS}
            return [here.put(permit(f"new-{record.facts.permit_id}") | facts | {"status": "RECEIVED"})]
        raw = here.items[decision.external_id]
        if decision.based_on != datetime.fromisoformat(raw["changed"]):
            raise RecordChanged([raw])
        if here.deaf:
            return [raw]
        since = record.occurred_at.isoformat()
        now = max(datetime.now(UTC), datetime.fromisoformat(raw["changed"]) + timedelta(seconds=1)).isoformat()
        new = {"status": record.status, "since": since, "changed": now, "number": record.facts.number}
        return [here.put(raw | new | {"issued_on": record.facts.issued_on, "valid_until": record.facts.valid_until})]


class Centre(_Permits):
    """The centre's register; it has no word for a revoked permit, and lists nothing that may be missing."""

    name = "centre"
    register = Register(
        side=Side.LEFT,
        shows={status: shown for status, shown in SHOWS.items() if status != "REVOKED"},
        may_omit=frozenset({"valid_until", "kbli"}),
        takes=TAKES,
    )


class Region(_Permits):
    """The region's register; it shows a warned permit as issued."""

    name = "region"
    register = Register(side=Side.RIGHT, shows=SHOWS | {"WARNED": "ISSUED"}, takes=TAKES, creates=True)


@dataclass
class Both:
    """A hub between the two registers."""

    database: Database
    centre: Registered = field(default_factory=Registered)
    region: Registered = field(default_factory=Registered)

    @asynccontextmanager
    async def connected(self, side: type[_Permits]) -> AsyncIterator[_Permits]:
        async with Http("http://127.0.0.1:9") as http:
            yield side(NoSettings(), http, self.centre if side is Centre else self.region)

    async def bring(self, side: type[_Permits], *items: Raw) -> None:
        """Change items of one side, and have the hub learn of them."""
        here = self.centre if side is Centre else self.region
        async with self.connected(side) as connector, self.database.write(Cause("pull", "worker", "run-1")) as db:
            await Ingest(connector, SEAL).store(db, [here.put(each) for each in items], datetime.now(UTC))

    async def deliver(self, side: type[_Permits], attempts: int = 20) -> dict[str, int]:
        """Tell one side what is due; return how often each outcome occurred."""
        async with self.connected(side) as connector:
            run = DecisionRun(self.database, connector, SEAL, timeout=30, max_attempts=attempts)
            return {outcome.value: count for outcome, count in (await run.run()).items()}

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database holds."""
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement), values)]

    async def run(self, statement: str, **values: Any) -> None:
        """A statement of the test's own, such as to let time pass."""
        async with self.database.write(Cause("test", "test", "run-1")) as db:
            await db.execute(text(statement), values)

    async def states(self) -> dict[str, tuple[str, str | None]]:
        """Key → state and cause of each matter."""
        return {key: (state, cause) for key, state, cause in await self.rows("select key, state, cause from matters")}

    async def fields(self, key: str) -> dict[str, tuple[str | None, str | None, str]]:
        """Field → both values and the cause, of one matter."""
        statement = (
            "select f.field, f.left_value, f.right_value, f.cause from differences f"
            " join matters m on m.id = f.matter_id where m.key = :key"
        )
        return {name: tuple(values) for name, *values in await self.rows(statement, key=key)}
