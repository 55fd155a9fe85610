"""The worker process: runs the jobs, and regularly queues what is due."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Collection, Coroutine
from copy import deepcopy
from datetime import timedelta
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from hub import tracing
from hub.concurrency import cancel_and_wait, is_cancelled
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.http_client.endpoint_client import EndpointClient
from hub.settings import Settings, variable_name
from hub.store import schema_version, systems
from hub.store.database import DATABASE_ERRORS, Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync import jobs, sequencer, webhook_deliveries
from hub.sync.compare_again import compare_outdated
from hub.sync.job_spans import run_in_span
from hub.sync.jobs import WorkerContext
from hub.sync.removal_detection import RemovalRules
from hub.sync.retention import make_months
from hub.sync.webhook_deliveries import WebhookSender

log = structlog.get_logger()

JOBS_END_WITHIN, END_WITHIN = 1.5, 2.2
"""Seconds from a signal until jobs are cancelled, and until the process ends even if the database is unavailable."""

FETCH_EVERY = 0.25
"""Seconds between two polls of the queue. No notification is sent when a job's lock is released, and a decision needs
two such locks on its way to the other side."""

NEVER = timedelta(days=36_500).total_seconds()
"""Seconds after which the queue would forget a worker without a heartbeat: at the start of another one, which would
wait until each finished job of that worker is rewritten. ``delete_expired`` does so, once it has none."""


def jobs_at_once(systems: Collection[str]) -> int:
    """Return the number of concurrent jobs: pull, deliveries and inquiries of each system, and one for the others.

    So a slow system never delays another one.
    """
    return 3 * len(systems) + 1


def queue(url: str, at_once: int = 1) -> App:
    """Return the queue in the database at ``url``; use it when it is ``opened``."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=at_once + 2))
    # Adding the tasks renames them, so that a second queue of the process would rename them twice.
    app.add_tasks_from(deepcopy(jobs.tasks), namespace="hub")
    return app


@contextlib.asynccontextmanager
async def opened(app: App) -> AsyncIterator[None]:
    """Open the queue for a block.

    It is closed also if it could not be opened or that was cancelled: its pool would go on connecting, in a task that
    no cancellation ends, so that the process would not end either.
    """
    try:
        await app.open_async()
        yield
    finally:
        await app.close_async()


async def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, even if the database is unavailable for a while.

    A running job has ``JOBS_END_WITHIN`` seconds to end; one that does not is done later.
    """
    assert settings.database_url
    stop = _stopped_by_signal()
    enabled = _configured(registry.enabled(settings))
    at_once = jobs_at_once(enabled)
    # Each pull holds a connection for its lock and may need another one for reads.
    size = max(settings.pool_size, 2 * at_once + 2)
    database = Database(settings.database_url, pooler_url=settings.database_pooler_url, pool_size=size)
    context = WorkerContext(
        database,
        FieldCipher(settings.sealing_keys, settings.secret),
        enabled,
        settings.stalled_after,
        feed_days=settings.feed_days,
        audit_days=settings.audit_days,
        delivery_attempts=settings.delivery_attempts,
        removal_rules=RemovalRules.from_settings(settings),
    )
    app = queue(settings.database_url, at_once)
    try:
        async with database.write(Cause("worker", "worker", "start")) as db:
            await systems.resume_stopped(db)
        await compare_outdated(database)
        await make_months(settings.database_url)
        while not stop.is_set():
            await _until(stop, _run_until_disconnected(app, context, settings, stop))
    finally:
        await database.close()


def _configured(systems: list[Enabled]) -> dict[str, Enabled]:
    """Return the systems that have a URL, and log the others."""
    for system in systems:
        if not system.settings.url:
            log.warning(
                "system.not_configured", system=system.name, missing=variable_name(system.connector.Settings, "url")
            )
    return {system.name: system for system in systems if system.settings.url}


def _stopped_by_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for sent in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sent, stop.set)
    return stop


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` until ``stop`` is set, then cancel it; it has ``END_WITHIN`` seconds to end."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    working.cancel()
    done, _ = await asyncio.wait({working}, timeout=END_WITHIN)
    for task in done:
        if not task.cancelled():
            task.result()


async def _run_until_disconnected(app: App, context: WorkerContext, settings: Settings, stop: asyncio.Event) -> None:
    """Work until the connection to the database is lost, which ends procrastinate's worker."""
    try:
        async with opened(app):
            await _work(app, context, settings, stop)
    except ConnectorException as error:
        log.warning("worker.database", error=type(error.__cause__ or error).__name__)
    await asyncio.sleep(settings.pull_tick)


async def _work(app: App, context: WorkerContext, settings: Settings, stop: asyncio.Event) -> None:
    # Queued before the worker fetches jobs, because it is not notified of jobs that are queued before it listens.
    await _check_due(app, context)
    checking = asyncio.create_task(_check_due_repeatedly(app, context, settings.pull_tick, stop))
    sequencing = asyncio.create_task(sequencer.run(context.database, settings.feed_tick))
    calling = asyncio.create_task(_call_webhooks(context, settings))
    try:
        await app.run_worker_async(
            concurrency=jobs_at_once(context.systems),
            additional_context={"context": context},
            worker_middleware=[run_in_span] if tracing.is_enabled() else [],
            install_signal_handlers=False,
            shutdown_graceful_timeout=JOBS_END_WITHIN,
            fetch_job_polling_interval=FETCH_EVERY,
            delete_jobs="successful",
            update_heartbeat_interval=settings.stalled_after / 4,
            stalled_worker_timeout=NEVER,
        )
    finally:
        await cancel_and_wait([checking, sequencing, calling])


async def _call_webhooks(context: WorkerContext, settings: Settings) -> None:
    """Call the webhooks of clients; in production on public addresses only."""
    async with EndpointClient(loopback=not settings.production) as http:
        sender = WebhookSender(context.database, context.cipher, http, settings.issuer)
        await webhook_deliveries.run(sender, settings.feed_tick)


async def _check_due_repeatedly(app: App, context: WorkerContext, every: float, stop: asyncio.Event) -> None:
    """Queue what is due every ``every`` seconds; stop the worker once a migration has made its version unusable."""
    while not is_cancelled():
        await asyncio.sleep(every)
        if await _is_outdated(context.database):
            log.error("worker.outdated", advice="the database was migrated: start the worker of the new version")
            stop.set()
            return
        await _check_due(app, context)


async def _is_outdated(database: Database) -> bool:
    try:
        async with database.read() as db:
            return not await schema_version.is_usable(db)
    except DATABASE_ERRORS:
        return False


async def _check_due(app: App, context: WorkerContext) -> None:
    for check in (jobs.end_stalled, jobs.defer_due, jobs.defer_deliveries, jobs.defer_inquiries):
        try:
            await check(app, context)
        # An error in one check must not end the loop: the worker would seem healthy and do nothing.
        except Exception as error:
            if is_cancelled():
                raise
            log.warning("worker.check_due", error=type(error).__name__)
