"""Compares matters and their history under another declaration than the stored one, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.comparison import compare
from hub.agreement.enums import AgreementState
from hub.store.agreement import matters
from hub.store.agreement.holdings import Loader, MatterHoldings
from hub.store.agreement.matters import StoredMatter
from hub.store.agreement.registers import SystemPair
from hub.store.agreement.replay import Step, recorded, replayed

BATCH = 500
_Outcome = tuple[str, tuple[str, ...]]
"""A state, and the fields that differ."""
_CHANGED = """
select distinct subject from changes
where system = :system and kind = :kind and recorded_at >= :since and subject > :after order by subject limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A matter that would come out differently: its state and differing fields, as stored and under the other one.

    With ``at`` it comes out alike now and did not from that time on; its fields at that time are not known.
    """

    key: str
    left: str
    right: str
    stored: str
    stored_fields: tuple[str, ...]
    rehearsed: str
    rehearsed_fields: tuple[str, ...]
    at: datetime | None = None


async def rehearse(db: AsyncConnection, pair: SystemPair, since: datetime) -> AsyncIterator[Rehearsed]:
    """Yield the matters of records that changed since ``since`` and come out differently with ``pair``, now or then."""
    seen = set[str]()
    for system in (pair.left, pair.right):
        after = ""
        while True:
            params = {"system": system, "kind": pair.pair.kind, "since": since, "after": after, "limit": BATCH}
            ids = list(await db.scalars(text(_CHANGED), params))
            for each in await _compared(db, pair, system, ids, since):
                if each.key not in seen:
                    seen.add(each.key)
                    yield each
            if len(ids) < BATCH:
                break
            after = ids[-1]


async def _compared(
    db: AsyncConnection, pair: SystemPair, system: str, ids: list[str], since: datetime
) -> list[Rehearsed]:
    holdings = {key: each for key, each in (await Loader(db, pair).touched(system, ids)).items() if each.all}
    stored = await matters.load(db, pair, holdings)
    now = {key: _now(pair, key, each, stored.get(key)) for key, each in holdings.items()}
    alike = {key: each for key, each in holdings.items() if now[key] is None}
    was, would = await recorded(db, pair, alike, since), await replayed(db, pair, alike, since)
    then = [_then(pair, key, was[key], steps) for key, steps in would.items() if key in was]
    return [each for each in (*now.values(), *then) if each]


def _now(pair: SystemPair, key: str, each: MatterHoldings, known: StoredMatter | None) -> Rehearsed | None:
    left, right = ([one.held for one in side] for side in (each.left, each.right))
    new = compare(pair.pair, pair.registers, left, right, unsure=each.unsure)
    before = (known.known.state.value, known.fields) if known else ("UNKNOWN", ())
    after = new.state.value, tuple(sorted(one.field for one in new.differences))
    return None if before == after else _rehearsed(pair, key, before, after)


def _then(pair: SystemPair, key: str, was: list[Step], would: list[Step]) -> Rehearsed | None:
    """Return the first state in which what was recorded and what was replayed are not alike."""
    last = AgreementState.AGREED.value
    for old, new in zip_longest(was, would):
        before, after = (each.state if each else last for each in (old, new))
        if before != after:
            return _rehearsed(pair, key, (before, ()), (after, ()), at=(new or old).at)
        last = before
    return None


def _rehearsed(pair: SystemPair, key: str, before: _Outcome, after: _Outcome, at: datetime | None = None) -> Rehearsed:
    return Rehearsed(
        key=key,
        left=pair.left,
        right=pair.right,
        stored=before[0],
        stored_fields=before[1],
        rehearsed=after[0],
        rehearsed_fields=after[1],
        at=at,
    )
