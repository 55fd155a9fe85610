"""The real worker assigns positions to the changes it pulls, and drops old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.store.feed import sequence
from hub.sync import worker
from hub.sync.jobs import WorkerContext
from tests.fake_connector import payment
from tests.schema.harness import Stage
from tests.sync import isolated_sequencer
from tests.sync.test_worker import STALLED_AFTER, pages, placed
from tests.sync.upstream_systems import System


@pytest.mark.whole
async def test_what_a_worker_pulls_can_soon_be_followed(database_url: str, tmp_path: Path) -> None:
    async with placed(database_url, tmp_path, 60, east=System(pages(3))) as place:
        with place.worker():
            await place.until(lambda: place.records() == 6)
            await place.until(lambda: place.rows("select count(*) from feed") == [(6,)])
    assert place.rows("select position from feed where system = 'east' order by 1") == [(n,) for n in range(1, 7)]


async def test_one_round_assigns_all_settled_changes_in_many_steps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "BATCH_SIZE", 2)
    monkeypatch.setattr(sequence.assign_positions, "__defaults__", (2,))
    await stage.records(*(payment(f"P{number}") for number in range(5)))
    assert await isolated_sequencer.sequence(stage.database) == 5
    assert await stage.rows("select position from feed order by 1") == [(number,) for number in range(1, 6)]


async def test_positions_are_dropped_after_the_days_of_the_setting(stage: Stage) -> None:
    database_url = stage.database.url
    database = Database(database_url)
    work = WorkerContext(database, FieldCipher([b"k" * 32], b"s" * 32), {}, STALLED_AFTER, feed_days=7)
    await stage.records(payment("P1"), payment("P2"))
    await isolated_sequencer.sequence(database)
    await stage.run("update feed set settled_at = now() - make_interval(days => 8 - position::int, hours => 1)")
    async with worker.queue(database_url).open_async() as app:
        await app.tasks["hub:delete_expired"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, additional_context={"context": work}, install_signal_handlers=False)
    await database.close()
    assert await stage.rows("select position from feed join feed_heads using (system) where position > dropped") == [
        (2,)
    ]
