"""Finished jobs are behind a worker, however many there are: it neither rewrites nor keeps them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from hub.store.database import Cause, Database
from hub.store.operations import jobs
from hub.sync import retention
from tests.schema.harness import Stage
from tests.sync.test_worker import pages, placed
from tests.sync.upstream_systems import System
from tests.waits import HANGS_AFTER

FINISHED = 100_000
CAUSE = Cause("delete-expired", "worker", "test")

FILL = f"""
insert into procrastinate_workers (last_heartbeat) values (now() - interval '2 days');
alter table procrastinate_jobs disable trigger user;
insert into procrastinate_jobs (queue_name, task_name, status, worker_id)
select 'default', 'hub:pull', 'succeeded', w.id from procrastinate_workers w, generate_series(1, {FINISHED});
alter table procrastinate_jobs enable trigger user;
"""
ENDED = """
insert into procrastinate_events (job_id, type, at)
select id, 'succeeded', now() - case when id % 2 = 0 then interval '73 hours' else interval '71 hours' end
from procrastinate_jobs
"""
BEHIND = "select count(*) from procrastinate_jobs where worker_id = (select min(id) from procrastinate_workers)"


@pytest.mark.whole
@pytest.mark.timeout(2 * HANGS_AFTER)
async def test_a_worker_starts_without_the_jobs_behind_it(database_url: str, tmp_path: Path) -> None:
    """The worker that did them is gone, and the queue would take it out of each of them before anything else."""
    async with placed(database_url, tmp_path, 60, east=System(pages(3))) as place:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for statement in FILL.strip().split(";\n"):
                connection.execute(statement.encode())
        with place.worker():
            await place.until(lambda: place.records() == 6)
            await place.until(lambda: place.rows("select count(*) from procrastinate_jobs") == [(FINISHED,)])
            assert place.rows(BEHIND) == [(FINISHED,)]
            assert place.rows("select count(*) from procrastinate_workers") == [(2,)]


async def test_old_jobs_are_deleted_in_batches(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of three days stay, and with them the worker that did them."""
    monkeypatch.setattr(jobs, "BATCH", 7)
    database = Database(stage.database.url)
    await stage.run("insert into procrastinate_workers (last_heartbeat) values (now() - interval '2 days')")
    await stage.run(
        "insert into procrastinate_jobs (queue_name, task_name, status, worker_id)"
        " select 'default', 'hub:pull', s::procrastinate_job_status, w.id from procrastinate_workers w,"
        " unnest(array['succeeded', 'failed', 'aborted', 'cancelled', 'todo']) s, generate_series(1, 10)"
    )
    await stage.run("delete from procrastinate_events")
    await stage.run(ENDED)
    assert await retention.delete_finished_jobs(database, CAUSE) == 20
    assert await stage.rows("select count(*) from procrastinate_jobs") == [(30,)]
    assert await stage.rows("select count(*) from procrastinate_workers") == [(1,)]
    await stage.run("update procrastinate_events set at = at - interval '3 days'")
    await stage.run("delete from procrastinate_jobs where status = 'todo'")
    assert await retention.delete_finished_jobs(database, CAUSE) == 20
    await database.close()
    assert await stage.rows("select count(*) from procrastinate_events") == [(0,)]
    assert await stage.rows("select count(*) from procrastinate_workers") == [(0,)]
