"""The hub's signing keys: made at first use, replaced on a schedule or by command, without a restart.

A new key is published before it signs, and an old one verifies for as long as a token can live, so
a rotation refuses nobody. Each process reads the keys again after seconds, or when it meets a key
it does not know.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.access import keys
from hub.store.access.keys import KeyRow
from hub.store.database import Cause, Database
from hub.store.sealing import Seal

ALGORITHM = "ES256"
LONGEST_TOKEN = timedelta(days=1)
LEAD = timedelta(minutes=5)
"""How long a new key is published before it signs: others keep what they fetched for about as long."""
SHORT_LEAD = timedelta(seconds=5)
"""The same in a hurry: our own processes have read it by then."""
READ_EVERY = 2.0
ASK_EVERY = 0.5
"""Seconds between two readings, and between two that unknown keys bring about."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs, and its id."""

    kid: str
    key: ECKey


class Keys:
    """The keys as this process knows them; ``rotate_after`` is the age at which the signing one is replaced."""

    def __init__(self, database: Database, seal: Seal, rotate_after: timedelta | None = None) -> None:
        self._database, self._seal, self._rotate_after = database, seal, rotate_after
        self._rows: list[KeyRow] = []
        self._private: dict[str, ECKey] = {}
        self._public: dict[str, ECKey] = {}
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def signer(self) -> Signer:
        """The key that signs now."""
        await self._read_if_older(READ_EVERY)
        now = datetime.now(UTC)
        # The database's clock may be a moment ahead of ours when the first key has just been made.
        row = next((row for row in reversed(self._rows) if row.signs_at(now)), self._rows[0])
        if row.kid not in self._private:
            self._private[row.kid] = ECKey.import_key(
                {name: held or "" for name, held in self._seal.open(row.sealed).items()}
            )
        return Signer(row.kid, self._private[row.kid])

    async def verifier(self, kid: str) -> ECKey | None:
        """The public key ``kid``; None when no token of ours can be signed with it."""
        await self._read_if_older(READ_EVERY)
        if kid not in self._public:
            await self._read_if_older(ASK_EVERY)
        return self._public.get(kid)

    async def jwks(self) -> dict[str, Any]:
        """The JWK Set to publish, those that will sign soon included (RFC 7517, 5)."""
        await self._read_if_older(READ_EVERY)
        return {"keys": [row.public for row in self._rows]}

    async def _read_if_older(self, seconds: float) -> None:
        if self._is_older(seconds):
            async with self._reading:
                if self._is_older(seconds):
                    await self._read()
                    self._read_at = time.monotonic()

    def _is_older(self, seconds: float) -> bool:
        return not self._rows or time.monotonic() - self._read_at > seconds

    async def _read(self) -> None:
        async with self._database.read() as db:
            rows = await keys.every(db)
        if not rows or self._is_due(rows[-1]):
            rows = await self._renew()
        self._rows = rows
        self._public = {row.kid: self._public.get(row.kid) or ECKey.import_key(row.public) for row in rows}

    def _is_due(self, newest: KeyRow) -> bool:
        return self._rotate_after is not None and datetime.now(UTC) - newest.created_at > self._rotate_after

    async def _renew(self) -> list[KeyRow]:
        """Make the key that is missing or due, unless another process has just done so."""
        async with self._database.write(_cause()) as db:
            await keys.lock(db)
            rows = await keys.every(db)
            if not rows or self._is_due(rows[-1]):
                await _make(db, self._seal, LEAD if rows else timedelta(0))
            return await keys.every(db)


async def rotate(database: Database, seal: Seal, *, now: bool = False, leaked: bool = False) -> str:
    """Replace the signing key; the new one's id.

    With ``now`` it signs within seconds. ``leaked`` is for when an old one may be in wrong hands:
    nothing that was signed before is valid any more.
    """
    async with database.write(_cause()) as db:
        await keys.lock(db)
        lead = timedelta(0) if leaked else SHORT_LEAD if now else LEAD
        kid = await _make(db, seal, lead)
        if leaked:
            await keys.distrust(db, kid)
        return kid


async def _make(db: AsyncConnection, seal: Seal, lead: timedelta) -> str:
    key = ECKey.generate_key("P-256", auto_kid=True)
    assert key.kid
    private = {name: str(value) for name, value in key.as_dict(private=True).items()}
    public = {**key.as_dict(private=False), "alg": ALGORITHM, "use": "sig"}
    await keys.add(db, key.kid, seal.seal({**private}), public, lead)
    await keys.retire(db, key.kid, lead, LONGEST_TOKEN + timedelta(minutes=1))
    return key.kid


def _cause() -> Cause:
    return Cause("keys", "hub", uuid.uuid4().hex)
