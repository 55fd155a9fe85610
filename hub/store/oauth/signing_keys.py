"""The stored keys that sign tokens: the private key encrypted, the public key as a JWK (RFC 7517)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables.oauth import signing_keys

_LOCK = 0x4B_45_59_53
"""The advisory lock that serializes the creation and replacement of keys."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key. It signs from ``signs_from`` until ``signs_until`` and verifies until ``gone_at``; None is no end."""

    kid: str
    ciphertext: bytes
    public: dict[str, Any]
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    gone_at: datetime | None

    def signs_at(self, now: datetime) -> bool:
        """Return whether it signs at ``now``; a key that was replaced before ``signs_from`` never does."""
        return self.signs_from <= now and (self.signs_until is None or now < self.signs_until)


async def lock(db: AsyncConnection) -> None:
    """Take the lock for changes of keys until this transaction ends."""
    await db.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def list_all(db: AsyncConnection) -> list[KeyRow]:
    """Return the keys that verify now, in the order in which they begin to sign."""
    valid = select(signing_keys).where(or_(signing_keys.c.gone_at.is_(None), signing_keys.c.gone_at > func.now()))
    rows = (await db.execute(valid.order_by(signing_keys.c.signs_from, signing_keys.c.created_at))).mappings()
    return [_key_row(row) for row in rows]


async def add(db: AsyncConnection, kid: str, ciphertext: bytes, public: Mapping[str, Any], lead: timedelta) -> None:
    """Add a key that signs after ``lead``."""
    values = {"kid": kid, "sealed": ciphertext, "public": dict(public), "signs_from": func.now() + lead}
    await db.execute(insert(signing_keys).values(values))


async def retire(db: AsyncConnection, kid: str, lead: timedelta, overlap: timedelta) -> None:
    """Let every key but ``kid`` sign for at most ``lead`` more, and verify for ``overlap`` after that."""
    until = func.now() + lead
    others = update(signing_keys).where(signing_keys.c.kid != kid, signing_keys.c.signs_until.is_(None))
    await db.execute(others.values(signs_until=until, gone_at=until + overlap))


async def revoke_others(db: AsyncConnection, kid: str) -> None:
    """Let no key but ``kid`` verify any more, if one may have been stolen."""
    others = update(signing_keys).where(
        signing_keys.c.kid != kid, or_(signing_keys.c.gone_at.is_(None), signing_keys.c.gone_at > func.now())
    )
    await db.execute(others.values(signs_until=func.now(), gone_at=func.now()))


def _key_row(row: RowMapping) -> KeyRow:
    columns = dict(row)
    return KeyRow(ciphertext=bytes(columns.pop("sealed")), **columns)
