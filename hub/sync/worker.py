"""The worker process: runs the jobs, and looks regularly which pulls are due."""

from __future__ import annotations

import asyncio

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError

from hub.connectors import registry
from hub.settings import Settings
from hub.store import systems
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync import jobs
from hub.sync.jobs import Work

log = structlog.get_logger()

CONCURRENCY = 4


def queue(url: str) -> App:
    """The queue in the database at ``url``; open it with ``open_async``."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=CONCURRENCY + 2))
    app.add_tasks_from(jobs.tasks, namespace="hub")
    return app


async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; a job under way then has two seconds to end, and is taken up later if it cannot."""
    assert settings.database_url
    database = Database(settings.database_url, pool_size=settings.pool_size)
    enabled = {system.name: system for system in registry.enabled(settings) if system.settings.url}
    work = Work(database, Seal(settings.sealing_keys, settings.secret), enabled, settings.stalled_after)
    try:
        async with database.write(Cause("worker", "worker", "start")) as db:
            await systems.resume(db)
        async with queue(settings.database_url).open_async() as app:
            await _work(app, work, settings)
    finally:
        await database.close()


async def _work(app: App, work: Work, settings: Settings) -> None:
    looking = asyncio.create_task(_look(app, work, settings.pull_tick))
    try:
        await app.run_worker_async(
            concurrency=CONCURRENCY,
            additional_context={"work": work},
            shutdown_graceful_timeout=2.0,
            update_heartbeat_interval=settings.stalled_after / 4,
            stalled_worker_timeout=settings.stalled_after,
        )
    finally:
        looking.cancel()


async def _look(app: App, work: Work, every: float) -> None:
    """Look what is due, again and again; the database may be away for a while."""
    while True:
        try:
            await jobs.retry_stalled(app, work)
            await jobs.defer_due(app, work)
        except (ConnectorException, OperationalError) as error:
            log.warning("worker.database", trouble=type(error).__name__)
        await asyncio.sleep(every)
