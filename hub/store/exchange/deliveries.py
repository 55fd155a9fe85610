"""Deliveries as the worker takes them up: which is due, what it says, and what came of bringing it over.

A delivery is due when nothing earlier of the same complaint and system is unsettled. Who takes one up holds it until
``due_at``; once that has passed, whether it arrived is unclear, and the other side is looked at before it is sent
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.forwarding import AttemptOutcome, DeliveryState
from hub.store.tables_sync import delivery_attempts

LONGEST_WAIT = 900
"""Seconds between two attempts at most, unless the system asks for more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery somebody holds until ``until``; its last attempt began ``age`` seconds ago.

    ``unclear``: it was under way before, and no word of it came.
    """

    id: int
    key: str
    attempts: int
    age: float
    until: datetime
    unclear: bool
    correlation: str


_FIRST = """not exists (select from deliveries e where e.complaint_id = d.complaint_id and e.system = d.system
    and e.sequence < d.sequence and e.state not in ('DONE', 'GIVEN_UP'))"""
"""Nothing before it is unsettled."""

_DUE = f"""
select s.name from systems s where s.enabled and s.stopped_at is null and exists (
    select from deliveries d where d.system = s.name and d.state in ('WAITING', 'SENDING') and d.due_at <= now()
    and {_FIRST}) order by s.name
"""  # noqa: S608 - nothing of anybody else's is in it


async def due_systems(db: AsyncConnection) -> list[str]:
    """The systems that something must be brought to now; stopped ones rest until a person acts."""
    return list((await db.execute(text(_DUE))).scalars())


_TAKE = f"""
with next as (
    select d.id, d.state from deliveries d join systems s on s.name = d.system
    where d.system = :system and d.state in ('WAITING', 'SENDING') and d.due_at <= now()
      and s.stopped_at is null and {_FIRST}
    order by d.due_at, d.id limit 1 for update of d skip locked)
update deliveries d set
    state = 'SENDING', due_at = now() + make_interval(secs => :lease), trouble = null,
    attempts = d.attempts + (next.state = 'WAITING')::int,
    attempted_at = case when next.state = 'WAITING' then now() else d.attempted_at end
from next where d.id = next.id
returning d.id, d.key, d.attempts, extract(epoch from now() - d.attempted_at)::float8 as age, d.due_at as until,
          next.state = 'SENDING' as unclear, d.correlation
"""  # noqa: S608 - nothing of anybody else's is in it


async def take(db: AsyncConnection, system: str, lease: float) -> Taken | None:
    """Take up the next delivery to ``system`` that is due, for ``lease`` seconds; two never get the same one."""
    row = (await db.execute(text(_TAKE), {"system": system, "lease": lease})).mappings().one_or_none()
    return Taken(**row) if row else None


_AGAIN = """
update deliveries set attempts = attempts + 1, attempted_at = now(), due_at = now() + make_interval(secs => :lease)
where id = :id and state = 'SENDING' and due_at = :until
returning id, key, attempts, 0::float8 as age, due_at as until, false as unclear, correlation
"""


async def take_again(db: AsyncConnection, taken: Taken, lease: float) -> Taken | None:
    """It was looked for and is not there: a new attempt begins. None for who holds it no longer."""
    given = {"id": taken.id, "until": taken.until, "lease": lease}
    row = (await db.execute(text(_AGAIN), given)).mappings().one_or_none()
    return Taken(**row) if row else None


async def note(
    db: AsyncConnection,
    ids: Iterable[int],
    outcome: AttemptOutcome,
    trouble: str | None = None,
    *,
    actor: str = "worker",
) -> None:
    """Keep as evidence what came of an attempt at each of these deliveries, or what a person decided."""
    rows = [{"delivery_id": each, "outcome": outcome.value, "trouble": trouble, "actor": actor} for each in ids]
    if rows:
        await db.execute(insert(delivery_attempts), rows)


_DONE = """
update deliveries set state = 'DONE', external_id = :external_id, settled_at = now(), trouble = null
where id = :id and state not in ('DONE', 'GIVEN_UP')
returning system, action, complaint_id
"""

_LINK = """
insert into counterparts (system, external_id, complaint_id, origin)
values (:system, :external_id, :complaint_id, 'SENT') on conflict do nothing
"""


async def done(db: AsyncConnection, delivery_id: int, external_id: str) -> bool:
    """The other side has it. Says whether that made a record there which the hub should look at.

    Whoever brings this word may have lost its hold meanwhile: that it is there is true all the same.
    """
    row = (await db.execute(text(_DONE), {"id": delivery_id, "external_id": external_id})).one_or_none()
    if row is None or row.action != "CREATE":
        return False
    given = {"system": row.system, "external_id": external_id, "complaint_id": row.complaint_id}
    await db.execute(text(_LINK), given)
    return True


_BACK = """
update deliveries set state = :state, trouble = :trouble,
    due_at = now() + greatest(make_interval(secs => :wait),
        make_interval(secs => least(:longest, power(2, least(attempts - :refund, 20)) * :backoff)
                              * (0.75 + random() / 2))),
    attempts = attempts - :refund
where id = :id and state = 'SENDING' and due_at = :until
"""


async def put_back(
    db: AsyncConnection,
    taken: Taken,
    state: DeliveryState,
    trouble: str,
    *,
    wait: float = 0.0,
    backoff: float = 0.0,
    counts: bool = True,
) -> None:
    """It is not there yet. It is due in ``wait`` seconds, or once ``backoff``, doubled at each attempt, is over.

    ``counts`` says whether the attempt uses up the budget. Nothing is done for who holds it no longer.
    """
    given = {
        "id": taken.id,
        "until": taken.until,
        "state": state.value,
        "trouble": trouble,
        "wait": wait,
        "backoff": backoff,
        "longest": LONGEST_WAIT,
        "refund": 0 if counts else 1,
    }
    await db.execute(text(_BACK), given)


_ALREADY = """
update deliveries d set state = 'DONE', external_id = c.external_id, settled_at = now(), trouble = null
from counterparts c
where d.system = :system and d.action = 'CREATE' and c.system = d.system and c.complaint_id = d.complaint_id
  and (d.state in ('WAITING', 'HELD', 'UNKNOWN') or d.state = 'SENDING' and d.due_at <= now())
returning d.id
"""


async def settle_linked(db: AsyncConnection, system: str) -> int:
    """Settle what was to become a record of ``system`` and by now is known to be one; returns how many."""
    ids = list(await db.scalars(text(_ALREADY), {"system": system}))
    await note(db, ids, AttemptOutcome.FOUND)
    return len(ids)


async def wake(db: AsyncConnection, system: str) -> None:
    """The system is back: what waits for it is due now."""
    await db.execute(
        text("update deliveries set due_at = now() where system = :system and state = 'WAITING' and due_at > now()"),
        {"system": system},
    )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not settled: how many deliveries of a system are in a state, and since when the oldest is."""

    system: str
    state: str
    count: int
    oldest: datetime


async def backlog(db: AsyncConnection) -> list[Backlog]:
    """All that is not settled, by system and state."""
    found = await db.execute(
        text(
            "select system, state, count(*) as count, min(created_at) as oldest from deliveries"
            " where state not in ('DONE', 'GIVEN_UP') group by system, state order by system, state"
        )
    )
    return [Backlog(**row) for row in found.mappings()]
