"""The worker's jobs in procrastinate's queue: pull, deliver, inquire, and delete expired data.

What is due is read from the database, so a lost job loses nothing: the next check finds it again. A job's lock keeps
two workers from pulling one system. The pull's own session lock does so as well if a job is retried while its worker is
still alive.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import procrastinate
import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from hub.complaints.forwarding import AttemptOutcome
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.errors import BadSetting
from hub.store import audit, idempotency, systems
from hub.store.agreement import days, decisions
from hub.store.complaints import totals as complaint_totals
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.feed import sequence
from hub.store.ingest import file_downloads, inquiries, quarantine, totals, uploads
from hub.store.job_queue import enqueue_deliveries, enqueue_inquiries
from hub.store.oauth import grants
from hub.store.operations import event_counts, streams
from hub.store.outbox import deliveries
from hub.sync import retention
from hub.sync.decisions import DecisionRun
from hub.sync.delivery import DeliveryRun
from hub.sync.inquiries import InquiryRun
from hub.sync.pull import Pull
from hub.sync.removal_detection import RemovalRules

log = structlog.get_logger()
tasks = procrastinate.Blueprint()


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The resources and settings of the jobs."""

    database: Database
    cipher: FieldCipher
    systems: dict[str, Enabled]
    stalled_after: float
    feed_days: int = 30
    audit_days: int = 1_827
    delivery_attempts: int = 20
    removal_rules: RemovalRules = field(default_factory=RemovalRules)


def _worker_context(job: JobContext) -> WorkerContext:
    context: WorkerContext = job.additional_context["context"]
    return context


async def defer_due(app: App, context: WorkerContext) -> None:
    """Queue a pull of every system that is due, unless one is queued already."""
    async with context.database.read() as db:
        due = await systems.due(db)
    for name in due:
        if name in context.systems:
            task = app.tasks["hub:pull"]
            try:
                await task.configure(lock=f"pull {name}", queueing_lock=f"pull {name}").defer_async(system=name)
            except AlreadyEnqueued:
                continue


async def defer_deliveries(app: App, context: WorkerContext) -> None:
    """Queue the deliveries that are due: those that were not queued with their cause, and those to be retried."""
    async with context.database.read() as db:
        names = {*await deliveries.due_systems(db), *await decisions.due_systems(db)}
    due = [name for name in names if name in context.systems]
    if due:
        async with context.database.write(Cause("check-due", "worker", "deliveries")) as db:
            await enqueue_deliveries(db, due)


async def defer_inquiries(app: App, context: WorkerContext) -> None:
    """Queue the inquiries that are due: those that were not queued with their webhook, and those to be repeated."""
    async with context.database.read() as db:
        due = [name for name in await inquiries.due_systems(db) if name in context.systems]
    if due:
        async with context.database.write(Cause("check-due", "worker", "inquiries")) as db:
            await enqueue_inquiries(db, due)


async def end_stalled(app: App, context: WorkerContext) -> None:
    """End the jobs of workers without a heartbeat, which frees their locks; procrastinate does not do so itself.

    They are not retried: what is due is read from the database, and another job for it may be queued already.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=context.stalled_after):
        log.warning("job.stalled", job=job.id, task=job.task_name)
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


@tasks.task(name="pull", pass_context=True)
async def pull(job: JobContext, system: str) -> None:
    """Pull one system once, unless an earlier job has done so meanwhile."""
    context = _worker_context(job)
    if not await _is_due(context, system):
        return
    began = time.monotonic()
    try:
        async with registry.connect(context.systems[system]) as connector:
            result = await Pull(context.database, connector, context.cipher, context.removal_rules).run()
    except BadSetting as error:
        await _stop(context, system, error)
        return
    tally = asdict(result.tally)
    log.info("pull", system=system, outcome=result.outcome, seconds=round(time.monotonic() - began, 2), **tally)


@tasks.task(name="deliver", pass_context=True)
async def deliver(job: JobContext, system: str) -> None:
    """Send the due deliveries of one system and tell it the due decisions, if its URL is configured."""
    context = _worker_context(job)
    if system not in context.systems:
        return
    began = time.monotonic()
    # A worker counts as dead after ``stalled_after``; its calls must have ended by then.
    timeout = context.stalled_after * 0.75
    try:
        async with registry.connect(context.systems[system]) as connector:
            most = context.delivery_attempts
            run = DeliveryRun(context.database, connector, context.cipher, timeout=timeout, max_attempts=most)
            outcomes = await run.run()
            if connector.register is not None:
                decision_run = DecisionRun(
                    context.database, connector, context.cipher, timeout=timeout, max_attempts=most
                )
                outcomes += await decision_run.run()
    except BadSetting as error:
        await _stop(context, system, error)
        return
    log.info("deliver", system=system, seconds=round(time.monotonic() - began, 2), **_tally(outcomes))


def _tally(outcomes: Counter[AttemptOutcome]) -> dict[str, int]:
    return {outcome.value.lower(): count for outcome, count in outcomes.items()}


@tasks.task(name="inquire", pass_context=True)
async def inquire(job: JobContext, system: str) -> None:
    """Make the due inquiries of one system, if its URL is configured."""
    context = _worker_context(job)
    if system not in context.systems:
        return
    try:
        async with registry.connect(context.systems[system]) as connector:
            answered, failed = await InquiryRun(context.database, connector, context.cipher).run()
    except BadSetting as error:
        await _stop(context, system, error)
        return
    log.info("inquire", system=system, answered=answered, failed=failed)


async def _is_due(context: WorkerContext, system: str) -> bool:
    """Return whether a pull is still due: another job may have pulled the system meanwhile."""
    async with context.database.read() as db:
        return system in await systems.due(db)


async def _stop(context: WorkerContext, system: str, error: BadSetting) -> None:
    log.error("system.stopped", system=system, error=str(error))
    async with context.database.write(Cause(f"pull:{system}", "worker", "settings")) as db:
        await systems.mark_stopped(db, system, str(error))


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="expire_access", queueing_lock="expire access", pass_context=True)
async def expire_access(job: JobContext, timestamp: int) -> None:
    """Delete expired sessions, pushed requests, ids of proofs and grants.

    Done often, because clients can create many of them without signing in.
    """
    async with _worker_context(job).database.write(Cause("expire-access", "worker", str(timestamp))) as db:
        expired = await grants.expire(db)
    if expired:
        log.info("access.expired", rows=expired)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="sample_systems", queueing_lock="sample systems", pass_context=True)
async def sample_systems(job: JobContext, timestamp: int) -> None:
    """Store the state of each system and of agreement for charts, and delete old samples and counts of events."""
    async with _worker_context(job).database.write(Cause("sample-systems", "worker", str(timestamp))) as db:
        await streams.take_samples(db)
        await days.record(db)
        await event_counts.expire(db)


@tasks.periodic(cron="17 3 * * *")
@tasks.task(name="delete_expired", queueing_lock="delete expired", pass_context=True)
async def delete_expired(job: JobContext, timestamp: int) -> None:
    """Delete old entries of quarantine, feed, files, audit and queue, inquiries, keys and messages of webhooks."""
    context = _worker_context(job)
    cause = Cause("delete-expired", "worker", str(timestamp))
    before = datetime.now(UTC) - timedelta(days=context.feed_days)
    # First: a dropped partition is gone for a snapshot as well, which must not be older than the drop of its positions.
    months = await retention.renew_months(context.database.url, before)
    async with context.database.write(cause) as db:
        entries = await quarantine.expire(db)
        await inquiries.expire(db)
        keys = await idempotency.expire(db) + await uploads.expire(db)
        positions = await sequence.expire(db, timedelta(days=context.feed_days))
    async with context.database.write(cause) as db:
        contents = await file_downloads.expire(db)
        await audit.expire(db, timedelta(days=context.audit_days))
    finished = await retention.delete_finished_jobs(context.database, cause)
    await retention.delete_webhook_messages(context.database, cause, before)
    counts = {"quarantine": entries, "idempotency_keys": keys, "feed_positions": positions, "files": contents}
    log.info("expired.deleted", **counts, jobs=finished, months=months)


@tasks.periodic(cron="47 2 * * *")
@tasks.task(name="compare_totals", queueing_lock="compare totals", pass_context=True)
async def compare_totals(job: JobContext, timestamp: int) -> None:
    """Compare totals with the records and complaints, and correct them; a difference is an error of the hub."""
    cause, database = Cause("compare-totals", "worker", str(timestamp)), _worker_context(job).database
    corrected = await totals.correct(database, cause) + await complaint_totals.correct(database, cause)
    if corrected:
        log.error("totals.corrected", totals=corrected)


@tasks.periodic(cron="17 * * * *")
@tasks.task(name="merge_totals", queueing_lock="merge totals", pass_context=True)
async def merge_totals(job: JobContext, timestamp: int) -> None:
    """Merge what writes added to the totals of complaints, so that there are no more rows than totals."""
    await complaint_totals.merge(_worker_context(job).database, Cause("merge-totals", "worker", str(timestamp)))
