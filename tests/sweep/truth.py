"""What must hold after every life, known from what the sandboxes hold and what clients were told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.connectors.base import Connector, Raw
from hub.sync import sequencer
from hub.sync.batch import Batch, read
from hub.sync.pull import Pull as Pulling
from tests.connectors.running import Running
from tests.sweep.attempt import Attempt
from tests.sync.reader import Reader

HELD = "select kind, external_id, digest from records where system = :system and gone_at is null"
LEFT = "select count(*) from changes c where not exists (select from feed f where f.change_id = c.id)"
DOUBLED = """
select system, kind, subject, count(*) from changes where before is null
group by system, kind, subject having count(*) > 1
"""


def understood(attempt: Attempt, kind: type[Connector], items: Iterable[Raw]) -> Batch:
    """``items`` as the hub must understand them: of each record the last word."""
    return read(object.__new__(kind), attempt.ground.seal, items)


async def records_agree(attempt: Attempt, kind: type[Connector], items: Iterable[Raw]) -> None:
    """The hub holds what the system told, which is ``items``: nothing less, more or else."""
    batch = understood(attempt, kind, items)
    wanted = {place: row.digest for place, row in batch.rows.items()}
    held = {(each, name): digest for each, name, digest in await attempt.rows(HELD, system=kind.name)}
    assert held.keys() == wanted.keys(), held.keys() ^ wanted.keys()
    assert {place for place in held if bytes(held[place]) != wanted[place]} == set()


async def history_holds(attempt: Attempt) -> None:
    """Nothing began twice; the feed tells every change once, without gaps, each life in its order."""
    assert await attempt.rows(DOUBLED) == []
    # What runs in other databases of the server keeps changes unsettled here for a moment, too.
    async with asyncio.timeout(30):
        while await attempt.rows(LEFT) != [(0,)]:
            await sequencer.sequence(attempt.database)
    reader = Reader(attempt.database)
    await reader.rest()
    await reader.check(attempt)  # type: ignore[arg-type]


def nothing_doubled(attempt: Attempt) -> None:
    """No system was sent anything twice."""
    for name, running in attempt.sandboxes.items():
        assert running.sandbox.figures().get("doubled", 0) == 0, name


async def taken_in_once(attempt: Attempt, running: Running, items: Iterable[Raw]) -> None:
    """Each report that asks for an answer of ours, and is no complaint's yet, became one complaint."""
    batch = understood(attempt, running.connector, items)
    async with running.connected() as connector:
        asking = {
            row.record.external_id
            for place, row in batch.rows.items()
            if connector.intake(batch.whole[place], row.record) is not None
        }
    became = await attempt.rows(
        "select p.external_id, c.ticket from counterparts p join complaints c on c.id = p.complaint_id"
        " where p.system = :system and p.origin = 'INTAKE'",
        system=running.connector.name,
    )
    complaints = await attempt.rows(
        "select ticket from complaints where submitted_by = :by", by=f"system:{running.connector.name}"
    )
    assert sorted(name for name, _ in became) == sorted(asking)
    assert sorted(ticket for _, ticket in became) == sorted(ticket for (ticket,) in complaints)


async def files_are_here(attempt: Attempt, running: Running, items: Iterable[Raw]) -> None:
    """Every file that a system's items point to was fetched, or seen to be none that the hub keeps."""
    batch = understood(attempt, running.connector, items)
    async with running.connected() as connector:
        pointed = {(name, file.source) for (_, name), raw in batch.whole.items() for file in connector.files(raw)}
    settled = "select external_id, source from record_files where system = :system and due_at is null"
    assert {*await attempt.rows(settled, system=running.connector.name)} == pointed


async def pulled(attempt: Attempt, running: Running) -> None:
    """What a system lists by now is taken in, by nobody who could be killed."""
    async with running.connected(attempts=3) as connector:
        assert (await Pulling(attempt.database, connector, attempt.ground.seal).run()).outcome == "DONE"
