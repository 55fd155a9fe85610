"""The worker's jobs, in procrastinate's queue: look what is due, pull, deliver, and keep house.

What is due is a question to the database, so a lost job loses nothing: the next look finds
it again. A job's lock keeps two workers from pulling one system; the pull's own session lock does
too where a job is retried while its worker still lives.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import timedelta

import procrastinate
import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.errors import BadSetting
from hub.store import promises, systems
from hub.store.access import grants
from hub.store.database import Cause, Database
from hub.store.exchange import deliveries
from hub.store.feed import positions
from hub.store.ingest import fetching, pushes, quarantine
from hub.store.queue import nudge
from hub.store.sealing import Seal
from hub.sync.deliver import Deliver
from hub.sync.pull import Pull

log = structlog.get_logger()
tasks = procrastinate.Blueprint()

KEPT_JOBS_HOURS = 72


@dataclass(frozen=True, slots=True)
class Work:
    """What jobs work with."""

    database: Database
    seal: Seal
    systems: dict[str, Enabled]
    stalled_after: float
    feed_days: int = 30
    delivery_attempts: int = 20


def _work(context: JobContext) -> Work:
    work: Work = context.additional_context["work"]
    return work


async def defer_due(app: App, work: Work) -> None:
    """Queue a pull of every system that is due; one that is queued already stays as it is."""
    async with work.database.read() as db:
        due = await systems.due(db)
    for name in due:
        if name in work.systems:
            task = app.tasks["hub:pull"]
            try:
                await task.configure(lock=f"pull {name}", queueing_lock=f"pull {name}").defer_async(system=name)
            except AlreadyEnqueued:
                continue


async def defer_deliveries(app: App, work: Work) -> None:
    """Queue the deliveries that are due: those whose nudge was lost, or whose time has come."""
    async with work.database.read() as db:
        due = [name for name in await deliveries.due_systems(db) if name in work.systems]
    if due:
        async with work.database.write(Cause("look", "worker", "deliveries")) as db:
            await nudge(db, due)


async def end_stalled(app: App, work: Work) -> None:
    """End the jobs of workers that fell silent, which frees their locks; procrastinate never does that by itself.

    They are not retried: what is due is asked of the database, and another job for it may wait already.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=work.stalled_after):
        log.warning("job.stalled", job=job.id, task=job.task_name)
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


@tasks.task(name="pull", pass_context=True)
async def pull(context: JobContext, system: str) -> None:
    """Pull one system once, unless the pull before this one left nothing to do."""
    work = _work(context)
    if not await _is_due(work, system):
        return
    began = time.monotonic()
    try:
        async with registry.opened(work.systems[system]) as connector:
            result = await Pull(work.database, connector, work.seal).run()
    except BadSetting as trouble:
        await _stop(work, system, trouble)
        return
    tally = asdict(result.tally)
    log.info("pull", system=system, outcome=result.outcome, seconds=round(time.monotonic() - began, 2), **tally)


@tasks.task(name="deliver", pass_context=True)
async def deliver(context: JobContext, system: str) -> None:
    """Bring over what is due to one system, where the hub knows its address."""
    work = _work(context)
    if system not in work.systems:
        return
    began = time.monotonic()
    # A worker is given up for dead after ``stalled_after``; by then a call of its must be over.
    within = work.stalled_after * 0.75
    try:
        async with registry.opened(work.systems[system]) as connector:
            run = Deliver(work.database, connector, work.seal, within=within, budget=work.delivery_attempts).run()
            tally = {outcome.value.lower(): count for outcome, count in (await run).items()}
    except BadSetting as trouble:
        await _stop(work, system, trouble)
        return
    log.info("deliver", system=system, seconds=round(time.monotonic() - began, 2), **tally)


async def _is_due(work: Work, system: str) -> bool:
    """A job may have waited while another did its work."""
    async with work.database.read() as db:
        return system in await systems.due(db)


async def _stop(work: Work, system: str, trouble: BadSetting) -> None:
    log.error("system.stopped", system=system, trouble=str(trouble))
    async with work.database.write(Cause(f"pull:{system}", "worker", "settings")) as db:
        await systems.stopped(db, system, str(trouble))


@tasks.periodic(cron="17 3 * * *")
@tasks.task(name="keep_house", queueing_lock="keep house", pass_context=True)
async def keep_house(context: JobContext, timestamp: int) -> None:
    """Drop what is kept for a time only: quarantine, what was granted or promised, the feed, jobs that are done."""
    work = _work(context)
    async with work.database.write(Cause("keep-house", "worker", str(timestamp))) as db:
        dropped, expired = await quarantine.expire(db), await grants.expire(db)
        kept = await promises.expire(db) + await pushes.expire(db)
        old = await positions.expire(db, timedelta(days=work.feed_days))
    async with work.database.write(Cause("keep-house", "worker", str(timestamp))) as db:
        contents = await fetching.expire(db)
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_JOBS_HOURS, include_failed=True)
    log.info(
        "house kept",
        quarantine_dropped=dropped,
        grants_expired=expired,
        promises_expired=kept,
        feed_dropped=old,
        files_dropped=contents,
    )
