"""The worker process: runs the jobs, and looks regularly which pulls are due."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Collection, Coroutine
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.settings import Settings, variable
from hub.store import systems
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
from hub.sync import jobs, sequencer
from hub.sync.jobs import Work

log = structlog.get_logger()

JOBS_END_WITHIN, END_WITHIN = 1.5, 2.2
"""Seconds from a signal until jobs are cut off, and to the end: a database that is away is not waited for."""


def jobs_at_once(systems: Collection[str]) -> int:
    """A pull and a delivery run of each system, and the house: no slow system takes another one's place."""
    return 2 * len(systems) + 1


def queue(url: str, at_once: int = 1) -> App:
    """The queue in the database at ``url``, made once in a process; open it with ``open_async``."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=at_once + 2))
    app.add_tasks_from(jobs.tasks, namespace="hub")
    return app


async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, also where the database goes away for a while and comes back.

    A job under way is given a moment to end, and is taken up later if it cannot.
    """
    assert settings.database_url
    stop = _stopped_by_signal()
    enabled = _with_address(registry.enabled(settings))
    at_once = jobs_at_once(enabled)
    # Each pull holds a connection for its lock and may need another to ask what is known.
    database = Database(settings.database_url, pool_size=max(settings.pool_size, 2 * at_once + 2))
    work = Work(
        database,
        Seal(settings.sealing_keys, settings.secret),
        enabled,
        settings.stalled_after,
        feed_days=settings.feed_days,
        delivery_attempts=settings.delivery_attempts,
    )
    app = queue(settings.database_url, at_once)
    try:
        async with database.write(Cause("worker", "worker", "start")) as db:
            await systems.resume(db)
        while not stop.is_set():
            await _until(stop, _shift(app, work, settings))
    finally:
        await database.close()


def _with_address(systems: list[Enabled]) -> dict[str, Enabled]:
    """Those that somebody said the address of; of the others it is told that they are left out."""
    for system in systems:
        if not system.settings.url:
            log.warning("system.left_out", system=system.name, missing=variable(system.connector.Settings, "url"))
    return {system.name: system for system in systems if system.settings.url}


def _stopped_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sent, stop.set)
    return stop


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """``work``, cancelled when somebody ends the worker meanwhile; it has ``END_WITHIN`` seconds for its end."""
    doing = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    doing.cancel()
    done, _ = await asyncio.wait({doing}, timeout=END_WITHIN)
    for task in done:
        if not task.cancelled():
            task.result()


async def _shift(app: App, work: Work, settings: Settings) -> None:
    """Work for as long as the database is there: procrastinate ends its worker when it loses it."""
    try:
        async with app.open_async():
            await _work(app, work, settings)
    except ConnectorException as error:
        log.warning("worker.database", trouble=type(error.__cause__ or error).__name__)
    await asyncio.sleep(settings.pull_tick)


async def _work(app: App, work: Work, settings: Settings) -> None:
    # What is due is queued before the worker asks for jobs: until it listens, it hears of none that come.
    await _look(app, work)
    looking = asyncio.create_task(_look_again(app, work, settings.pull_tick))
    sequencing = asyncio.create_task(sequencer.run(work.database, settings.feed_tick))
    try:
        await app.run_worker_async(
            concurrency=jobs_at_once(work.systems),
            additional_context={"work": work},
            install_signal_handlers=False,
            shutdown_graceful_timeout=JOBS_END_WITHIN,
            # Nobody is told when a job's lock has become free: it is found by looking.
            fetch_job_polling_interval=settings.pull_tick,
            update_heartbeat_interval=settings.stalled_after / 4,
            stalled_worker_timeout=settings.stalled_after,
        )
    finally:
        looking.cancel()
        sequencing.cancel()


async def _look_again(app: App, work: Work, every: float) -> None:
    """Look what is due, again and again; the database may be away for a while."""
    while True:
        await asyncio.sleep(every)
        await _look(app, work)


async def _look(app: App, work: Work) -> None:
    for look in (jobs.end_stalled, jobs.defer_due, jobs.defer_deliveries):
        try:
            await look(app, work)
        # Whatever goes wrong in one look, the next may do better; a worker that stopped looking would seem well.
        except Exception as error:
            log.warning("worker.look", trouble=type(error).__name__)
