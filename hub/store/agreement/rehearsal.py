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
    """A matter with another result: its state and differing fields, as stored and under the other declaration.

    With ``at`` the results are equal now, and first differed at that time; the fields at that time are not known.
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
    """Yield the matters of records that changed since ``since`` and get another result by ``pair``, now or earlier."""
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
    current = {key: _current(pair, key, each, stored.get(key)) for key, each in holdings.items()}
    equal = {key: each for key, each in holdings.items() if current[key] is None}
    history, replay = await recorded(db, pair, equal, since), await replayed(db, pair, equal, since)
    earlier = [_earlier(pair, key, history[key], steps) for key, steps in replay.items() if key in history]
    return [each for each in (*current.values(), *earlier) if each]


def _current(pair: SystemPair, key: str, each: MatterHoldings, known: StoredMatter | None) -> Rehearsed | None:
    """Return the present result if it is another one than the stored one."""
    left, right = ([one.held for one in side] for side in (each.left, each.right))
    new = compare(pair.pair, pair.registers, left, right, unsure=each.unsure)
    before = (known.known.state.value, known.fields) if known else ("UNKNOWN", ())
    after = new.state.value, tuple(sorted(one.field for one in new.differences))
    return None if before == after else _rehearsed(pair, key, before, after)


def _earlier(pair: SystemPair, key: str, history: list[Step], replay: list[Step]) -> Rehearsed | None:
    """Return the first state in which the recorded history and the replay differ."""
    last = AgreementState.AGREED.value
    for old, new in zip_longest(history, replay):
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
