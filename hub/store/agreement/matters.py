"""The stored state of matters: loaded, compared with what was found, and saved if it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.assessment import Assessment, Known, Telling
from hub.agreement.comparison import FieldDifference
from hub.agreement.enums import AgreementState, Side
from hub.complaints.forwarding import DeliveryState
from hub.store.agreement.registers import SystemPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A matter of a pair of systems as it is to be stored."""

    key: str
    left_id: str | None
    right_id: str | None
    assessment: Assessment
    labels: Mapping[str, str | None]
    """``agency_code``, ``area_code``, ``sector`` and ``authority``, by which matters are filtered and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatter:
    """A matter as it is stored."""

    id: int
    known: Known
    created_at: datetime
    """When the hub first had it."""
    content: tuple[Any, ...]
    """What is compared to find out whether it changed."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that differ, by name."""
        return tuple(each.field for each in self.known.differences)


_LOAD = """
select m.*, d.decision, d.times, d.state as telling, d.attempts, d.done_at,
       (select jsonb_agg(to_jsonb(f) order by f.field) from differences f where f.matter_id = m.id) as differences
from matters m left join decisions d on d.matter_id = m.id
where m.pair = :pair and m.left_system = :left and m.right_system = :right and m.key = any(:keys)
"""


async def load(db: AsyncConnection, pair: SystemPair, keys: Collection[str]) -> dict[str, StoredMatter]:
    """Return the stored matters among ``keys``; the caller holds the lock of the pair."""
    params = {"pair": pair.pair.kind, "left": pair.left, "right": pair.right, "keys": list(keys)}
    return {row["key"]: _stored(row) for row in (await db.execute(text(_LOAD), params)).mappings()}


def _stored(row: Mapping[Any, Any]) -> StoredMatter:
    telling = None
    if row["decision"] is not None:
        telling = Telling(
            decision=row["decision"],
            times=row["times"],
            state=DeliveryState(row["telling"]),
            attempts=row["attempts"],
            done_at=row["done_at"],
        )
    differences = row["differences"] or ()
    known = Known(
        state=AgreementState(row["state"]),
        since=row["since"],
        pending_until=row["pending_until"],
        telling=telling,
        differences=tuple(map(_difference, differences)),
    )
    fields = [tuple(each[name] for name in _OF_DIFFERENCE) for each in differences]
    own = (row[name] for name in (*_CONTENT, *LABELS))
    return StoredMatter(id=row["id"], known=known, created_at=row["created_at"], content=(*own, fields))


def _difference(stored: Mapping[str, Any]) -> FieldDifference:
    return FieldDifference(
        field=stored["field"],
        left=stored["left_value"],
        right=stored["right_value"],
        left_at=datetime.fromisoformat(stored["left_at"]),
        right_at=datetime.fromisoformat(stored["right_at"]),
        decider=Side(stored["decider"]) if stored["decider"] else None,
    )


_OF_DIFFERENCE = ("field", "left_value", "right_value", "cause", "next_step")
_CONTENT = ("left_id", "right_id", "state", "cause", "decider", "next_step", "since", "pending_until", "declaration")
LABELS = ("agency_code", "area_code", "sector", "authority")
"""What matters are filtered and counted by, as the records have it."""


def content(pair: SystemPair, matter: Matter) -> tuple[Any, ...]:
    """Return what ``StoredMatter.content`` has for a matter that did not change."""
    row, found = _row(pair, matter), matter.assessment.differences
    fields = sorted(
        (each.difference.field, each.difference.left, each.difference.right, each.cause.value, each.next_step.value)
        for each in found
    )
    return (*(row[name] for name in (*_CONTENT, *LABELS)), fields)


def _row(pair: SystemPair, matter: Matter) -> dict[str, Any]:
    found = matter.assessment
    return {
        "key": matter.key,
        "left_id": matter.left_id,
        "right_id": matter.right_id,
        "state": found.state.value,
        "cause": found.cause and found.cause.value,
        "decider": found.decider and found.decider.value,
        "next_step": found.next_step and found.next_step.value,
        "since": found.since,
        "pending_until": found.pending_until,
        "declaration": pair.declaration,
        **matter.labels,
    }


_TYPES = {"since": "timestamptz", "pending_until": "timestamptz"}
_NAMES = ("key", *_CONTENT, *LABELS)
_ARRAYS = ", ".join(f"cast(:{name} as {_TYPES.get(name, 'text')}[])" for name in _NAMES)
# A person's decision to ignore a matter ends when its state or a value that differs changes.
_SAVE = f"""
insert into matters (pair, left_system, right_system, {", ".join(_NAMES)})
select :pair, :left, :right, * from unnest({_ARRAYS})
on conflict (pair, left_system, right_system, key) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])},
    ignored_until = case when excluded.key = any(cast(:unchanged as text[])) then matters.ignored_until end
returning id, key
"""  # noqa: S608 - only constants are interpolated

_DELETE = (
    "delete from matters where pair = :pair and left_system = :left and right_system = :right and key = any(:keys)"
)
_CLEAR = "delete from differences where matter_id = any(:ids)"
_ADD = """
insert into differences (matter_id, field, left_value, right_value, left_at, right_at, decider, cause, next_step)
select * from unnest(cast(:matter_id as bigint[]), cast(:field as text[]), cast(:left_value as text[]),
    cast(:right_value as text[]), cast(:left_at as timestamptz[]), cast(:right_at as timestamptz[]),
    cast(:decider as text[]), cast(:cause as text[]), cast(:next_step as text[]))
"""


async def save(db: AsyncConnection, pair: SystemPair, changed: Sequence[Matter]) -> dict[str, int]:
    """Store matters with their differences; return their ids by key."""
    if not changed:
        return {}
    rows = [_row(pair, each) for each in changed]
    params = {
        "pair": pair.pair.kind,
        "left": pair.left,
        "right": pair.right,
        "unchanged": [each.key for each in changed if each.assessment.unchanged],
    }
    columns = {name: [row[name] for row in rows] for name in _NAMES}
    found = await db.execute(text(_SAVE), params | columns)
    ids = {row.key: row.id for row in found}
    await db.execute(text(_CLEAR), {"ids": list(ids.values())})
    await _add_differences(db, [(ids[each.key], each.assessment) for each in changed])
    return ids


async def _add_differences(db: AsyncConnection, found: Sequence[tuple[int, Assessment]]) -> None:
    rows = [
        {
            "matter_id": matter_id,
            "field": each.difference.field,
            "left_value": each.difference.left,
            "right_value": each.difference.right,
            "left_at": each.difference.left_at,
            "right_at": each.difference.right_at,
            "decider": each.difference.decider and each.difference.decider.value,
            "cause": each.cause.value,
            "next_step": each.next_step.value,
        }
        for matter_id, assessment in found
        for each in assessment.differences
    ]
    if rows:
        await db.execute(text(_ADD), {name: [row[name] for row in rows] for name in rows[0]})


async def delete(db: AsyncConnection, pair: SystemPair, keys: Sequence[str]) -> None:
    """Delete matters that neither side has any more under their key."""
    if keys:
        params = {"pair": pair.pair.kind, "left": pair.left, "right": pair.right, "keys": list(keys)}
        await db.execute(text(_DELETE), params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of a matter's state. ``seconds`` is how long it took to agree, if it agrees now."""

    matter_id: int
    at: datetime
    assessment: Assessment
    seconds: float | None


_RECORD = """
insert into agreement_events (matter_id, at, state, cause, fields, seconds, actor)
select matter_id, at, state, cause, string_to_array(fields, ' '), seconds, :actor
from unnest(cast(:matter_id as bigint[]), cast(:at as timestamptz[]), cast(:state as text[]), cast(:cause as text[]),
            cast(:fields as text[]), cast(:seconds as double precision[]))
    as t(matter_id, at, state, cause, fields, seconds)
"""


async def record(db: AsyncConnection, transitions: Sequence[Transition], actor: str) -> None:
    """Add transitions to the history."""
    if not transitions:
        return
    params = {
        "matter_id": [each.matter_id for each in transitions],
        "at": [each.at for each in transitions],
        "state": [each.assessment.state.value for each in transitions],
        "cause": [each.assessment.cause and each.assessment.cause.value for each in transitions],
        "fields": [" ".join(one.difference.field for one in each.assessment.differences) for each in transitions],
        "seconds": [each.seconds for each in transitions],
    }
    await db.execute(text(_RECORD), {**params, "actor": actor})


_PLAN = """
insert into decisions (matter_id, system, decision, times, state, due_at)
select matter_id, system, decision, times, 'WAITING', due_at
from unnest(cast(:matter_id as bigint[]), cast(:system as text[]), cast(:decision as text[]), cast(:times as int[]),
            cast(:due_at as timestamptz[])) as t(matter_id, system, decision, times, due_at)
on conflict (matter_id) do update set system = excluded.system, decision = excluded.decision, times = excluded.times,
    state = case when decisions.state = 'SENDING' then decisions.state else 'WAITING' end,
    attempts = 0, due_at = case when decisions.state = 'SENDING' then decisions.due_at else excluded.due_at end,
    done_at = null, trouble = null
"""


async def plan(db: AsyncConnection, planned: Sequence[tuple[int, str, Telling, datetime]]) -> None:
    """Plan what has to be sent: matter, system that is told, decision, and when it is due.

    A decision that is being sent stays leased; what is sent next is read when that lease ends.
    """
    if not planned:
        return
    params = {
        "matter_id": [matter_id for matter_id, *_ in planned],
        "system": [system for _, system, *_ in planned],
        "decision": [telling.decision for _, _, telling, _ in planned],
        "times": [telling.times for _, _, telling, _ in planned],
        "due_at": [due for *_, due in planned],
    }
    await db.execute(text(_PLAN), params)


async def withdraw(db: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete planned decisions of matters that need none any more; what was told is kept."""
    if ids:
        unsent = "delete from decisions where matter_id = any(:ids) and state not in ('SENDING', 'DONE')"
        await db.execute(text(unsent), {"ids": list(ids)})


def follower(pair: SystemPair, assessment: Assessment) -> str:
    """Return the system that has to be told."""
    return pair.right if assessment.decider is Side.LEFT else pair.left
