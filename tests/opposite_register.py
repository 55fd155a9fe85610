"""The register on the other side of a real one, in tests only: it decides permits that the real one has to follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from hub.agreement.enums import Side
from hub.agreement.pairs import STATUS
from hub.connectors.base import Connector
from hub.contract import Raw, Record
from hub.http_client import Http
from hub.kinds import Permit
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.migrate import migrate
from hub.sync.ingest import Ingest
from hub.testing.registers import RunningRegister, regular
from hub.testing.running import Running, all_connectors, pages_of
from tests.registers import Centre, NoSettings, Region, Registered, permit

CAUSE = Cause("pull", "worker", "run-1")
REGISTERS = {name: kind for name, kind in all_connectors().items() if kind.register is not None}
"""Every connector that takes decisions, by name."""
DECIDED = "INSPECTION"
"""The status that is decided; every register has it, and it needs no licence."""
MISSING = "I-202611020300000000001"
"""The number of a permit that no sandbox has."""
AGREED = "select count(*) filter (where state = 'AGREED'), count(*) from matters"
STATES = "select state, count(*) from decisions group by state"
_FACTS = tuple(each.name for each in fields(Permit))


def opposite_of(connector: type[Connector]) -> type[Connector]:
    """Return the register on the other side."""
    assert connector.register
    return Region if connector.register.side is Side.LEFT else Centre


async def prepare(url: str, running: Running) -> None:
    """Let the database at ``url`` have a system and its opposite, and no other enabled one."""
    opposite = opposite_of(running.connector).declaration(NoSettings())
    await migrate(url, [running.connector.declaration(running.settings), opposite])


@dataclass(frozen=True, slots=True)
class Decided:
    """The records of a system whose permits its opposite decided, by external id, and the permits that it lacks."""

    external_ids: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many decisions the system has to follow."""
        return len(self.external_ids) + len(self.missing)


async def decide(database: Database, running: Running, cipher: FieldCipher, count: int) -> Decided:
    """Let the hub learn of ``count`` records of a system and of a decision about each; return what has to follow.

    Where the system takes new permits, it lacks one besides.
    """
    with regular(running):
        async with running.connected(attempts=3) as connector:
            pages = await pages_of(connector, full=True)
            declared = running.connector.declaration(running.settings).register
            assert declared
            records = [*_to_decide(RunningRegister(running, declared, pages), count)]
            items = [await connector.fetch_one(each.external_id) for each in records]
            await _store(database, connector, cipher, [item for item in items if item])
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    raws = [_item(running.connector, record, now) for record in records]
    missing = (MISSING,) if declared.creates else ()
    raws += [raws[0] | {"id": each, "permit_id": each, "project_id": "R-UJI"} for each in missing]
    await _store_opposite(database, running, cipher, raws)
    await hurry(database)
    return Decided(tuple(each.external_id for each in records), missing)


async def store_missing(database: Database, running: Running, cipher: FieldCipher) -> None:
    """Let the hub learn from the opposite of a permit that the system does not have."""
    await _store_opposite(database, running, cipher, [permit("1", MISSING)])
    await hurry(database)


async def _store_opposite(database: Database, running: Running, cipher: FieldCipher, items: Sequence[Raw]) -> None:
    opposite = opposite_of(running.connector)
    async with Http("http://127.0.0.1:9") as http:
        await _store(database, opposite(NoSettings(), http, Registered()), cipher, items)  # type: ignore[call-arg]


def _to_decide(register: RunningRegister, count: int) -> Iterator[Record]:
    """Yield records that the other side decides, that it knows by a number, and that have another status."""
    found = 0
    while found < count:
        record = register.record()
        if record.status != DECIDED and _permit_id(register.running.connector, record):
            found += 1
            yield record


def _permit_id(connector: type[Connector], record: Record) -> str | None:
    assert isinstance(record.facts, Permit)
    assert connector.register
    return record.external_id if connector.register.side is Side.LEFT else record.facts.permit_id


def _item(connector: type[Connector], record: Record, now: str) -> Raw:
    """Return the opposite's item of a permit, with its decision of ``now``."""
    permit_id = _permit_id(connector, record)
    facts: dict[str, Any] = {name: getattr(record.facts, name) for name in _FACTS}
    decided = {STATUS: DECIDED, "since": now, "changed": now, "permit_id": permit_id}
    return permit(f"{permit_id}") | facts | decided


async def _store(database: Database, connector: Connector, cipher: FieldCipher, items: Sequence[Raw]) -> None:
    async with database.write(CAUSE) as db:
        await Ingest(connector, cipher).store(db, items, datetime.now(UTC))


async def hurry(database: Database) -> None:
    """Let time pass: what waits is due, leases have ended, and every system was listed."""
    async with database.write(Cause("clock", "test", "time passes")) as db:
        await db.execute(text("update decisions set due_at = now() where state in ('WAITING', 'SENDING')"))
        await db.execute(text("update systems set synced_at = coalesce(synced_at, now())"))


async def followed(database: Database, running: Running, decided: Decided) -> None:
    """Check that a system has each decision once, and that the hub knows that both sides agree."""
    async with database.read() as db:
        agreed, matters = (await db.execute(text(AGREED))).one()
        states = [*await db.execute(text(STATES))]
    assert (agreed, matters) == (decided.count, decided.count)
    assert states == [("DONE", decided.count)]
    assert running.sandbox.figures()["decisions"] == decided.count
    with regular(running):
        await _shows_decisions(running, decided)


async def _shows_decisions(running: Running, decided: Decided) -> None:
    async with running.connected(attempts=3) as connector:
        for external_id in decided.external_ids:
            raw = await connector.fetch_one(external_id)
            assert raw
            assert connector.map(raw).status == DECIDED, external_id
