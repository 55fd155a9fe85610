"""What must hold after every scenario, by the data of the sandboxes and the responses to clients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hub.connectors.base import Connector
from hub.contract import Raw
from hub.sync import sequencer
from hub.sync.batch import Batch, read_items
from hub.sync.pull import Pull as Pulling
from hub.testing.running import Running
from tests.sweep.attempt import Attempt
from tests.sweep.setup import listed_items
from tests.sync.feed_reader import Reader
from tests.waits import hanging

STORED = "select kind, external_id, digest from records where system = :system and gone_at is null"
LEFT = "select count(*) from changes c where not exists (select from feed f where f.change_id = c.id)"
DOUBLED = """
select system, kind, subject, count(*) from changes where before is null
group by system, kind, subject having count(*) > 1
"""


def parsed_batch(attempt: Attempt, kind: type[Connector], items: Iterable[Raw]) -> Batch:
    """Map ``items`` as the hub must; of each record the newest item remains."""
    return read_items(object.__new__(kind), attempt.setup.cipher, items, datetime.now(UTC))


async def records_agree(attempt: Attempt, kind: type[Connector], items: Iterable[Raw]) -> None:
    """Check that exactly ``items`` are stored."""
    batch = parsed_batch(attempt, kind, items)
    expected = {place: row.digest for place, row in batch.rows.items()}
    stored = {(each, name): digest for each, name, digest in await attempt.rows(STORED, system=kind.name)}
    assert stored.keys() == expected.keys(), stored.keys() ^ expected.keys()
    assert {place for place in stored if bytes(stored[place]) != expected[place]} == set()


async def history_holds(attempt: Attempt) -> None:
    """Check that nothing was created twice, and that the feed has every change once, without gaps, in order."""
    assert await attempt.rows(DOUBLED) == []
    # What runs in other databases of the server keeps changes unsettled here for a moment, too.
    async with hanging():
        while await attempt.rows(LEFT) != [(0,)]:
            await sequencer.assign_all(attempt.database)
    reader = Reader(attempt.database)
    await reader.rest()
    await reader.check(attempt)  # type: ignore[arg-type]


def nothing_doubled(attempt: Attempt) -> None:
    """Check that no system received anything twice."""
    for name, running in attempt.sandboxes.items():
        assert running.sandbox.figures().get("doubled", 0) == 0, name


async def asking(attempt: Attempt, running: Running) -> set[str]:
    """Return the reports of a system that require an answer of the province and have no complaint yet."""
    if running.connector.intake is Connector.intake:
        # Nothing does, and to list everything takes some systems a hundred calls.
        return set()
    batch = parsed_batch(attempt, running.connector, await listed_items(running))
    async with running.connected() as connector:
        return {
            row.record.external_id
            for place, row in batch.rows.items()
            if connector.intake(batch.unredacted[place], row.record) is not None
        }


async def taken_in_once(attempt: Attempt, running: Running, asking: Iterable[str]) -> None:
    """Check that each report that required an answer in any pull became one complaint."""
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
    """Check that every file of a system's items was downloaded, or refused for its type."""
    batch = parsed_batch(attempt, running.connector, items)
    async with running.connected() as connector:
        pointed = {(name, file.source) for (_, name), raw in batch.unredacted.items() for file in connector.files(raw)}
    settled = "select external_id, source from record_files where system = :system and due_at is null"
    assert {*await attempt.rows(settled, system=running.connector.name)} == pointed


async def pulled(attempt: Attempt, running: Running) -> None:
    """Pull a system in a process that is not killed."""
    async with running.connected(attempts=3) as connector:
        assert (await Pulling(attempt.database, connector, attempt.setup.cipher).run()).outcome == "DONE"
