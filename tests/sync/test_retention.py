"""What has expired goes in parts: finished jobs, which no worker waits for, messages of webhooks, and months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.feed import pages as feed_pages
from hub.store.feed.cursors import decode
from hub.store.feed.pages import FeedPage, FeedRequest, PositionExpired
from hub.store.operations import jobs
from hub.store.webhooks import deliveries
from hub.sync import retention, worker
from hub.sync.jobs import WorkerContext
from hub.viewer import WORKER
from tests.fake_connector import payment
from tests.schema.harness import Stage
from tests.store.test_partitions import ATTEMPTED, CLIENT, HOOKS, THIS_MONTH, add_month, month_after
from tests.sync import isolated_sequencer
from tests.sync.test_worker import STALLED_AFTER, pages, placed
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


async def nightly(stage: Stage) -> None:
    """Run the job of the night."""
    database = Database(stage.database.url)
    context = WorkerContext(database, FieldCipher([b"k" * 32], b"s" * 32), {}, STALLED_AFTER)
    async with worker.queue(database.url).open_async() as app:
        await app.tasks["hub:delete_expired"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, additional_context={"context": context}, install_signal_handlers=False)
    await database.close()


async def read(stage: Stage, cursor: str | None = None) -> FeedPage:
    async with stage.database.read() as db:
        return await feed_pages.read_page(db, WORKER, FeedRequest(10, decode(cursor) if cursor else None))


async def test_a_month_of_the_feed_goes_after_its_positions(stage: Stage) -> None:
    """Readers are refused from the night that their position expired in; in the next one its month is dropped."""
    old = "select name from monthly_partitions where ends <= now()"
    await stage.records(payment("P1"), payment("P2"))
    await isolated_sequencer.sequence(stage.database)
    cursor = (await read(stage)).cursors[0]
    async with await psycopg.AsyncConnection.connect(stage.database.url, autocommit=True) as connection:
        name = await add_month(connection, month_after(THIS_MONTH, -3))
    await stage.run("update feed set settled_at = cast(:at as timestamptz)", at=month_after(THIS_MONTH, -3))
    for left in ([(name,)], []):
        assert len((await read(stage)).changes) == (2 if left else 0)
        await nightly(stage)
        with pytest.raises(PositionExpired):
            await read(stage, cursor)
        assert await stage.rows(old) == left
    await stage.records(payment("P3"))
    await isolated_sequencer.sequence(stage.database)
    assert [(each.subject, each.position) for each in (await read(stage)).changes] == [("P3", 3)]


async def test_messages_of_webhooks_are_deleted_in_batches(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their attempts go with the month, or from the default partition; those of messages that stay are kept."""
    monkeypatch.setattr(deliveries, "EXPIRED_AT_ONCE", 2)
    message = """insert into webhook_deliveries (id, webhook_id, system, position, kind, subject, cursor, since, due_at,
        created_at, settled_at) select 'old' || n, 'w', 'fake', n, 'x', 'x', '', now(), now(), now(),
        now() - interval '31 days' from generate_series(2, 6) n"""
    database = Database(stage.database.url)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        for statement in (
            CLIENT,
            HOOKS,
            message,
            *(ATTEMPTED.format(f"now() - interval '{n} days'") for n in (92, 93)),
        ):
            await connection.execute(statement.encode())
        name = await add_month(connection, month_after(THIS_MONTH, -6), "webhook_attempts")
        at = f"timestamptz '{month_after(THIS_MONTH, -6)}'"
        await connection.execute(ATTEMPTED.format(at).encode())
    before = datetime.now(UTC) - timedelta(days=30)
    await retention.delete_webhook_messages(database, CAUSE, before)
    assert await stage.rows("select id from webhook_deliveries") == [("msg_1",)]
    assert await stage.rows("select tableoid::regclass::text from webhook_attempts") == [(name,)]
    assert await retention.renew_months(database.url, before) == [name]
    await database.close()
