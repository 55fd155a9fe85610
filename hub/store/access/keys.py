"""The keys that sign tokens, as they are kept: the private half sealed, the public one as a JWK (RFC 7517)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables_auth import signing_keys

_LOCK = 0x4B_45_59_53
"""Processes that would make or replace a key wait for each other on this advisory lock."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key. It signs from ``signs_from`` until ``signs_until`` and verifies until ``gone_at``, open at first."""

    kid: str
    sealed: bytes
    public: dict[str, Any]
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    gone_at: datetime | None

    def signs_at(self, now: datetime) -> bool:
        """Whether it signs then; one that was replaced before its time never does."""
        return self.signs_from <= now and (self.signs_until is None or now < self.signs_until)


async def lock(db: AsyncConnection) -> None:
    """Be the only one who changes keys, until this transaction ends."""
    await db.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def every(db: AsyncConnection) -> list[KeyRow]:
    """The keys that verify now, the one that signs last at the end."""
    held = select(signing_keys).where(or_(signing_keys.c.gone_at.is_(None), signing_keys.c.gone_at > func.now()))
    rows = (await db.execute(held.order_by(signing_keys.c.signs_from, signing_keys.c.created_at))).mappings()
    return [KeyRow(**{**row, "sealed": bytes(row["sealed"])}) for row in rows]


async def add(db: AsyncConnection, kid: str, sealed: bytes, public: Mapping[str, Any], lead: timedelta) -> None:
    """Add a key that signs after ``lead``."""
    values = {"kid": kid, "sealed": sealed, "public": dict(public), "signs_from": func.now() + lead}
    await db.execute(insert(signing_keys).values(values))


async def retire(db: AsyncConnection, kid: str, lead: timedelta, overlap: timedelta) -> None:
    """Let every key but ``kid`` sign for ``lead`` longer at most, and verify for ``overlap`` after that."""
    until = func.now() + lead
    others = update(signing_keys).where(signing_keys.c.kid != kid, signing_keys.c.signs_until.is_(None))
    await db.execute(others.values(signs_until=until, gone_at=until + overlap))


async def distrust(db: AsyncConnection, kid: str) -> None:
    """Let no key but ``kid`` verify any more, for when one may have been stolen."""
    others = update(signing_keys).where(
        signing_keys.c.kid != kid, or_(signing_keys.c.gone_at.is_(None), signing_keys.c.gone_at > func.now())
    )
    await db.execute(others.values(signs_until=func.now(), gone_at=func.now()))
