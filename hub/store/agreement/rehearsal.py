"""Compares matters under another declaration than the stored one, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.comparison import compare
from hub.store.agreement import matters
from hub.store.agreement.holdings import Loader
from hub.store.agreement.registers import SystemPair

BATCH = 500
_CHANGED = """
select distinct subject from changes
where system = :system and kind = :kind and recorded_at >= :since and subject > :after order by subject limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A matter that would come out differently: its state and differing fields, as stored and under the other one."""

    key: str
    left: str
    right: str
    stored: str
    stored_fields: tuple[str, ...]
    rehearsed: str
    rehearsed_fields: tuple[str, ...]


async def rehearse(db: AsyncConnection, pair: SystemPair, since: datetime) -> AsyncIterator[Rehearsed]:
    """Yield the matters of records that changed since ``since`` and would come out differently with ``pair``."""
    seen = set[str]()
    for system in (pair.left, pair.right):
        after = ""
        while True:
            params = {"system": system, "kind": pair.pair.kind, "since": since, "after": after, "limit": BATCH}
            ids = list(await db.scalars(text(_CHANGED), params))
            for each in await _compared(db, pair, system, ids):
                if each.key not in seen:
                    seen.add(each.key)
                    yield each
            if len(ids) < BATCH:
                break
            after = ids[-1]


async def _compared(db: AsyncConnection, pair: SystemPair, system: str, ids: list[str]) -> list[Rehearsed]:
    holdings = {key: each for key, each in (await Loader(db, pair).touched(system, ids)).items() if each.all}
    stored = await matters.load(db, pair, holdings)
    found = []
    for key, each in holdings.items():
        left, right = ([one.held for one in side] for side in (each.left, each.right))
        new = compare(pair.pair, pair.registers, left, right, unsure=each.unsure)
        known = stored.get(key)
        before = (known.known.state.value, known.fields) if known else ("UNKNOWN", ())
        after = new.state.value, tuple(sorted(one.field for one in new.differences))
        if before != after:
            found.append(
                Rehearsed(
                    key=key,
                    left=pair.left,
                    right=pair.right,
                    stored=before[0],
                    stored_fields=before[1],
                    rehearsed=after[0],
                    rehearsed_fields=after[1],
                )
            )
    return found
