"""A full run writes no record that it lists unchanged, and still knows what it missed and how old each copy is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hub.contract import Raw
from hub.errors import TryLater
from hub.store.queries.pagination import PageRequest, page
from hub.store.queries.record_entities import PAYMENT
from hub.sync.removal_detection import RemovalRules
from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import World, payment
from tests.sync.pull_harness import Pulling, pulling

__all__ = ["pulling"]

WORKER = Viewer(ViewerKind.WORKER, "test", scopes=frozenset({"payments:read"}))
NONE_EXEMPT = RemovalRules(share=1.0, direct=timedelta(0))


async def as_of(pulling: Pulling) -> dict[str, datetime]:
    """Return up to which time each record is known to be current."""
    async with pulling.database.read() as db:
        found = await page(db, PAYMENT, WORKER, PageRequest(100))
    return {row["_ref"]: row["as_of"] for row in found.rows}


async def versions(pulling: Pulling) -> dict[str, str]:
    """Return by id the version of the row in PostgreSQL, which every write of it changes."""
    return dict(await pulling.rows("select external_id, xmin::text || ctid::text from records"))


async def prepare(pulling: Pulling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.sync.pull.BATCH", 1)
    await pulling.run("update systems set tells_changes = false")


async def test_a_full_run_writes_only_what_changed_or_is_missing(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare(pulling, monkeypatch)
    items = [payment(f"P{number}") for number in range(6)]
    await pulling.pull(World([items[:3], items[3:]]))
    await pulling.push(payment("PUSHED"))
    await pulling.wait(timedelta(hours=2))
    before, first, began = await versions(pulling), await as_of(pulling), datetime.now(UTC)
    pages = [items[:3], [*items[3:5], payment("P5", version=2, amount="7")]]
    for world in (World(pages, fail_at=1, error=TryLater("cut")), World(pages)):
        await pulling.pull(world, full=True)
    after, times = await versions(pulling), await as_of(pulling)
    assert {id_ for id_ in after if after[id_] != before[id_]} == {"P5", "PUSHED"}
    assert times["PUSHED"] == first["PUSHED"] < began < min(times[f"P{number}"] for number in range(6))
    assert await pulling.rows("select * from sightings") == []
    await pulling.pull(World([[*items, payment("PUSHED")]]), full=True)
    assert min((await as_of(pulling)).values()) > times["P0"], "what was missed is listed again"


async def test_an_unchanged_upload_is_written_once_in_a_while(pulling: Pulling) -> None:
    await pulling.push(payment("P1"))
    once = await versions(pulling)
    await pulling.push(payment("P1"))
    assert await versions(pulling) == once
    await pulling.wait(timedelta(hours=1))
    began = datetime.now(UTC)
    await pulling.push(payment("P1"))
    assert (await as_of(pulling))["P1"] > began


async def test_what_was_seen_before_a_run_is_not_as_new_as_the_run(pulling: Pulling) -> None:
    """A record from quarantine counts as seen when its item came, be it new or gone before."""
    await pulling.run("update systems set tells_changes = false")
    await pulling.pull(World([[payment("P1"), payment("GONE")]]))
    old = datetime.now(UTC)
    await pulling.pull(World([[payment("P1")]]), full=True)
    await pulling.store(old, payment("NEW"), payment("GONE"))
    times = await as_of(pulling)
    assert (times["NEW"], times["GONE"]) == (old, old)
    assert times["P1"] > old
    await pulling.pull(World([[payment("P1"), payment("NEW"), payment("GONE")]]), full=True)
    assert min((await as_of(pulling)).values()) > times["P1"]


@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.whole) for seed in (1, 3, 4))])
async def test_runs_miss_what_nothing_saw_since_they_began(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Runs that are cut, continued or begun again, with repeated pages, and with uploads at any moment."""
    await prepare(pulling, monkeypatch)
    random, seen, at = Random(seed), set[str](), 3
    pages: list[list[Raw]] = []
    for step in range(60):
        if random.random() < 0.4:
            await pulling.wait(timedelta(minutes=random.choice([1, 20])))
        if random.random() < 0.5:
            pushed = some(random, step)
            await pulling.push(*pushed)
            seen |= ids(pushed)
            continue
        begins = at == 3 or random.random() < 0.3
        if begins:
            seen, at, items = set(), 0, some(random, step)
            pages = [items[:2], items, items[1:]]
        cut = random.choice([None, *range(at, 3)])
        await pulling.pull(World(pages, fail_at=cut, error=TryLater("cut")), full=begins, rules=NONE_EXEMPT)
        end = 3 if cut is None else cut
        seen |= {id_ for each in pages[at:end] for id_ in ids(each)}
        at = end
        if cut is None:
            assert await pulling.stored() == seen, step


def some(random: Random, step: int) -> list[Raw]:
    """Return some payments, of which few differ from what is stored."""
    numbers = random.sample(range(12), random.randrange(1, 9))
    return [payment(f"P{each}", **({"version": step, "amount": step} if each % 5 == 0 else {})) for each in numbers]


def ids(items: list[Raw]) -> set[str]:
    return {item["id"] for item in items}
