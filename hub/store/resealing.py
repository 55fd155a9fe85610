"""Sealing anew with the first key what older keys sealed, so that these can be dropped.

Batch by batch, each a short transaction: others read and write meanwhile, two runs at once do no harm, and one that
was cut off is simply begun again, because what it did needs no older key any more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Row, bindparam, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import Stop
from hub.store.database import Cause, Database
from hub.store.sealing import KEY_ID, Seal
from hub.store.tables import reporters
from hub.store.tables_auth import signing_keys

BATCH = 500
"""Rows sealed anew in one transaction; whoever would write one of them waits for as long."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where something sealed is kept: what tells the rows apart, the place they are bound to, and which are used."""

    id: Column[Any]
    sealed: Column[bytes]
    place: str
    used: ColumnElement[bool]

    @property
    def key(self) -> ColumnElement[bytes]:
        """The id of the key that sealed a row."""
        return func.substring(self.sealed, 1, KEY_ID, type_=LargeBinary)


_SIGNING = signing_keys.c
_KEPT = (
    _Kept(reporters.c.id, reporters.c.sealed, "reporters:{}", true()),
    # Of a signing key that is gone nobody opens the private half again.
    _Kept(_SIGNING.kid, _SIGNING.sealed, "", or_(_SIGNING.gone_at.is_(None), _SIGNING.gone_at > func.now())),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many rows need only the first key, an older one of ours, and one that we lack."""

    first: int
    older: int
    lacking: int


async def standing(db: AsyncConnection, seal: Seal) -> Standing:
    """Which keys the rows that are sealed need. Reads all of them: about a second for a million."""
    found: Counter[bytes] = Counter()
    for kept in _KEPT:
        counted = select(kept.key.label("key"), func.count()).where(kept.used).group_by("key")
        for key, count in await db.execute(counted):
            found[key] += count
    first, older = found[seal.first], sum(found[key] for key in seal.older)
    return Standing(first, older, found.total() - first - older)


async def reseal(database: Database, cause: Cause, seal: Seal) -> int:
    """Seal with the first key all that others sealed; how many rows. One that cannot be opened stays as it is."""
    done = 0
    for kept in _KEPT:
        after: Any = None
        while True:
            async with database.write(cause) as db:
                rows = await _older(db, kept, seal, after)
                done += await _again(db, kept, seal, rows)
            if not rows:
                break
            after = rows[-1].id
    return done


async def _older(db: AsyncConnection, kept: _Kept, seal: Seal, after: Any) -> list[Row[Any]]:
    """The next rows that the first key did not seal, kept from being written until the transaction ends."""
    wanted = select(kept.id.label("id"), kept.sealed.label("sealed")).where(kept.used, kept.key != seal.first)
    if after is not None:
        wanted = wanted.where(kept.id > after)
    return list(await db.execute(wanted.order_by(kept.id).limit(BATCH).with_for_update(key_share=True)))


async def _again(db: AsyncConnection, kept: _Kept, seal: Seal, rows: list[Row[Any]]) -> int:
    opened = [
        (row.id, sealed) for row in rows if (sealed := _sealed_again(seal, row.sealed, kept.place.format(row.id)))
    ]
    if opened:
        change = update(kept.id.table).where(kept.id == bindparam("at")).values(sealed=bindparam("anew"))
        await db.execute(change, [{"at": id_, "anew": sealed} for id_, sealed in opened])
    return len(opened)


def _sealed_again(seal: Seal, sealed: bytes, place: str) -> bytes | None:
    try:
        return seal.again(sealed, place)
    except Stop:
        return None
