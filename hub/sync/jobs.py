"""The worker's jobs, in procrastinate's queue: look which pulls are due, pull, and keep house.

Which pulls are due is a question to the database, so a lost job loses nothing: the next look finds
it again. A job's lock keeps two workers from pulling one system; the pull's own session lock does
too where a job is retried while its worker still lives.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import procrastinate
import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued

from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.store import quarantine, systems
from hub.store.database import Cause, Database
from hub.store.sealing import Seal
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


async def retry_stalled(app: App, work: Work) -> None:
    """Give the jobs of workers that fell silent to others; procrastinate never does that by itself."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=work.stalled_after):
        log.warning("job.stalled", job=job.id, task=job.task_name)
        await app.job_manager.retry_job(job)


@tasks.task(name="pull", pass_context=True)
async def pull(context: JobContext, system: str) -> None:
    """Pull one system once."""
    work = _work(context)
    async with registry.opened(work.systems[system]) as connector:
        began = time.monotonic()
        result = await Pull(work.database, connector, work.seal).run()
    tally = asdict(result.tally)
    log.info("pull", system=system, outcome=result.outcome, seconds=round(time.monotonic() - began, 2), **tally)


@tasks.periodic(cron="17 3 * * *")
@tasks.task(name="keep_house", queueing_lock="keep house", pass_context=True)
async def keep_house(context: JobContext, timestamp: int) -> None:
    """Drop what is kept for a time only: old quarantine entries, jobs that are done."""
    work = _work(context)
    async with work.database.write(Cause("keep-house", "worker", str(timestamp))) as db:
        dropped = await quarantine.expire(db)
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_JOBS_HOURS, include_failed=True)
    log.info("house kept", quarantine_dropped=dropped)
