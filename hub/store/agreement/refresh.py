"""Compares again the matters of records that changed, in the transaction that changed them.

The state of a matter depends on what both sides hold, and both are written by transactions of their own. Therefore a
refresh takes the lock of the pair before it reads: of two transactions that write the two sides at once, the second one
reads what the first one committed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.assessment import assess
from hub.agreement.comparison import Comparison, compare
from hub.agreement.enums import AgreementState, NextStep
from hub.store import job_queue
from hub.store.agreement import matters
from hub.store.agreement.holdings import KEYLESS, Loader, MatterHoldings
from hub.store.agreement.matters import Matter, StoredMatter, Transition
from hub.store.agreement.registers import SystemPair, pairs_of
from hub.store.ingest import inquiries

_LOCK = "select pg_advisory_xact_lock(hashtextextended('agreement ' || :left || ' ' || :right, 0))"


async def refresh(db: AsyncConnection, system: str, external_ids: Collection[str], actor: str) -> None:
    """Compare again the matters of these records of ``system``; plan what has to be sent to the other side."""
    if not external_ids:
        return
    for pair in await pairs_of(db, system):
        await _refresh_pair(db, pair, system, external_ids, actor)


_MATTER = "select left_system, left_id, right_system, right_id from matters where id = :id"


_OUTDATED = """
select r.external_id from records r
left join matters m on m.pair = :pair and m.left_system = :left and m.right_system = :right
    and (case when cast(:is_left as boolean) then m.left_id else m.right_id end) = r.external_id
where r.system = :system and r.kind = :pair and r.gone_at is null and r.external_id > :after
  and m.declaration is distinct from :declaration
order by r.external_id limit :limit
"""


async def outdated(db: AsyncConnection, pair: SystemPair, system: str, after: str, limit: int) -> list[str]:
    """Return the next records of one side, by external id, that were not compared under the current declaration."""
    params = {
        "pair": pair.pair.kind,
        "left": pair.left,
        "right": pair.right,
        "is_left": system == pair.left,
        "system": system,
        "declaration": pair.declaration,
        "after": after,
        "limit": limit,
    }
    return list(await db.scalars(text(_OUTDATED), params))


async def lock_matter(db: AsyncConnection, matter_id: int) -> None:
    """Take the lock of a matter's pair, before anything else of it is written: two transactions must not deadlock.

    A transaction that also stores records stores them before.
    """
    row = (await db.execute(text(_MATTER), {"id": matter_id})).one_or_none()
    if row is not None:
        await db.execute(text(_LOCK), {"left": row.left_system, "right": row.right_system})


async def refresh_matter(db: AsyncConnection, matter_id: int, actor: str) -> None:
    """Compare one matter again, such as after an attempt to send its decision."""
    row = (await db.execute(text(_MATTER), {"id": matter_id})).one_or_none()
    if row is None:
        return
    system, external_id = (
        (row.left_system, row.left_id) if row.left_id is not None else (row.right_system, row.right_id)
    )
    await refresh(db, system, [external_id] if external_id is not None else [], actor)


async def _refresh_pair(
    db: AsyncConnection, pair: SystemPair, system: str, external_ids: Collection[str], actor: str
) -> None:
    await db.execute(text(_LOCK), {"left": pair.left, "right": pair.right})
    holdings = await Loader(db, pair).touched(system, external_ids)
    stored = await matters.load(db, pair, holdings)
    now = datetime.now(UTC)
    found = {key: _assessed(pair, key, each, stored.get(key), now) for key, each in holdings.items() if each.all}
    changed = [
        each
        for key, each in found.items()
        if key not in stored or stored[key].content != matters.content(pair, each) or each.assessment.tell
    ]
    await matters.delete(db, pair, [key for key in stored if key not in found])
    ids = await matters.save(db, pair, changed)
    await matters.withdraw(db, [ids[each.key] for each in changed if each.assessment.withdraw])
    await matters.record(db, _transitions(changed, stored, ids, now), actor)
    await _plan(db, pair, changed, ids, now)
    await _inquire(db, pair, changed)


async def _inquire(db: AsyncConnection, pair: SystemPair, changed: Collection[Matter]) -> None:
    """Ask the left register for what it may have and has not sent."""
    asked = [
        each.key
        for each in changed
        if each.assessment.next_step is NextStep.READ and each.left_id is None and not each.key.startswith(KEYLESS)
    ]
    if asked:
        await inquiries.add(db, pair.left, asked)


def _assessed(
    pair: SystemPair, key: str, holdings: MatterHoldings, stored: StoredMatter | None, now: datetime
) -> Matter:
    assessment = assess(
        pair.pair,
        pair.registers,
        _compared(pair, holdings),
        stored.known if stored else None,
        now,
        max(each.changed_at for each in holdings.all),
    )
    labels = {
        name: next((each.body[name] for each in holdings.all if each.body.get(name)), None) for name in matters.LABELS
    }
    return Matter(
        key=key,
        left_id=holdings.left[0].held.external_id if len(holdings.left) == 1 else None,
        right_id=holdings.right[0].held.external_id if len(holdings.right) == 1 else None,
        assessment=assessment,
        labels=labels,
    )


def _compared(pair: SystemPair, holdings: MatterHoldings) -> Comparison:
    left, right = ([each.held for each in side] for side in (holdings.left, holdings.right))
    return compare(pair.pair, pair.registers, left, right, unsure=holdings.unsure)


def _transitions(
    changed: Collection[Matter], stored: dict[str, StoredMatter], ids: dict[str, int], now: datetime
) -> list[Transition]:
    """Return the changes of state; a matter that agrees from the start has no history."""
    found = []
    for each in changed:
        before = stored.get(each.key)
        state = each.assessment.state
        if before.known.state is state if before else state is AgreementState.AGREED:
            continue
        differed = before is not None and before.known.state is AgreementState.DIFFERS
        seconds = _seconds(before, now) if before and differed and state is AgreementState.AGREED else None
        found.append(Transition(matter_id=ids[each.key], at=now, assessment=each.assessment, seconds=seconds))
    return found


def _seconds(before: StoredMatter, now: datetime) -> float:
    """Return how long it took until both sides agreed: not from before the hub had the matter."""
    return max(0.0, (now - max(before.known.since, before.created_at)).total_seconds())


async def _plan(
    db: AsyncConnection, pair: SystemPair, changed: Collection[Matter], ids: dict[str, int], now: datetime
) -> None:
    """Plan what has to be sent. A missing record is created after the window, as it may only not be read yet."""
    window = timedelta(seconds=pair.pair.window)
    planned = []
    for each in changed:
        if (telling := each.assessment.tell) is not None:
            one_sided = each.assessment.state is AgreementState.ONE_SIDED
            system = matters.follower(pair, each.assessment)
            planned.append((ids[each.key], system, telling, now + window if one_sided else now))
    await matters.plan(db, planned)
    await job_queue.enqueue_deliveries(db, {system for _, system, _, due in planned if due <= now})
