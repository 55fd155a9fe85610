"""The real worker gives positions to what it pulls, and drops them when they are old."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.sealing import Seal
from hub.sync import worker
from hub.sync.jobs import Work
from tests.fake import payment
from tests.schema.stage import Stage
from tests.sync import undisturbed
from tests.sync.test_worker import STALLED_AFTER, pages, placed
from tests.sync.upstream import System


@pytest.mark.whole
async def test_what_a_worker_pulls_can_soon_be_followed(database_url: str, tmp_path: Path) -> None:
    async with placed(database_url, tmp_path, 60, east=System(pages(3))) as place:
        with place.worker():
            await place.until(lambda: place.records() == 6)
            await place.until(lambda: place.rows("select count(*) from feed") == [(6,)])
    assert place.rows("select position from feed where system = 'east' order by 1") == [(n,) for n in range(1, 7)]


async def test_positions_are_dropped_after_the_days_of_the_setting(stage: Stage, database_url: str) -> None:
    database = Database(database_url)
    work = Work(database, Seal([b"k" * 32], b"s" * 32), {}, STALLED_AFTER, feed_days=7)
    await stage.records(payment("P1"), payment("P2"))
    await undisturbed.sequence(database)
    await stage.run("update feed set settled_at = now() - make_interval(days => 8 - position::int, hours => 1)")
    async with worker.queue(database_url).open_async() as app:
        await app.tasks["hub:keep_house"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, additional_context={"work": work}, install_signal_handlers=False)
    await database.close()
    assert await stage.rows("select position from feed") == [(2,)]
