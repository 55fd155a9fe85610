"""The hub's signing keys: made at first use, rotated on a schedule or by command, without a restart.

A new key is published before it signs, and an old one verifies as long as a token can live, so a rotation invalidates
no token. Each process reads the keys again after seconds, or when it meets an unknown key.
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

from hub.store import audit
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.store.oauth import signing_keys
from hub.store.oauth.signing_keys import KeyRow

ALGORITHM = "ES256"
MAX_TOKEN_LIFETIME = timedelta(days=1)
LEAD_TIME = timedelta(minutes=5)
"""How long a new key is published before it signs: as long as others usually cache the key set."""
SHORT_LEAD_TIME = timedelta(seconds=5)
"""The same for a rotation without delay: the hub's own processes have read the key by then."""
READ_SECONDS = 2.0
UNKNOWN_KEY_READ_SECONDS = 0.5
"""Seconds between two reads of the keys, and between two that unknown keys cause."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key for signing, and its id."""

    kid: str
    key: ECKey


class SigningKeys:
    """The keys as this process knows them; ``rotate_after`` is the age at which the current one is replaced."""

    def __init__(self, database: Database, cipher: FieldCipher, rotate_after: timedelta | None = None) -> None:
        self._database, self._cipher, self._rotate_after = database, cipher, rotate_after
        self._rows: list[KeyRow] = []
        self._private: dict[str, ECKey] = {}
        self._public: dict[str, ECKey] = {}
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def signer(self) -> Signer:
        """Return the current signing key."""
        await self._read_if_older(READ_SECONDS)
        now = datetime.now(UTC)
        # The database's clock may be slightly ahead of this process's when the first key was just made.
        row = next((row for row in reversed(self._rows) if row.signs_at(now)), self._rows[0])
        if row.kid not in self._private:
            self._private[row.kid] = ECKey.import_key(
                {name: value or "" for name, value in self._cipher.decrypt(row.ciphertext).items()}
            )
        return Signer(row.kid, self._private[row.kid])

    async def verifier(self, kid: str) -> ECKey | None:
        """Return the public key ``kid``; None if no valid token can be signed with it."""
        await self._read_if_older(READ_SECONDS)
        if kid not in self._public:
            await self._read_if_older(UNKNOWN_KEY_READ_SECONDS)
        return self._public.get(kid)

    async def jwks(self) -> dict[str, Any]:
        """Return the JWK Set to publish, with the keys that will sign soon (RFC 7517, 5)."""
        await self._read_if_older(READ_SECONDS)
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
            rows = await signing_keys.list_all(db)
        if not rows or self._is_due(rows[-1]):
            rows = await self._renew()
        self._rows = rows
        self._public = {row.kid: self._public.get(row.kid) or ECKey.import_key(row.public) for row in rows}

    def _is_due(self, newest: KeyRow) -> bool:
        return self._rotate_after is not None and datetime.now(UTC) - newest.created_at > self._rotate_after

    async def _renew(self) -> list[KeyRow]:
        """Make the missing or due key, unless another process has just made it."""
        async with self._database.write(_cause()) as db:
            await signing_keys.lock(db)
            rows = await signing_keys.list_all(db)
            if not rows or self._is_due(rows[-1]):
                await _make(db, self._cipher, LEAD_TIME if rows else timedelta(0))
            return await signing_keys.list_all(db)


async def rotate(
    database: Database, cipher: FieldCipher, cause: Cause | None = None, *, now: bool = False, leaked: bool = False
) -> str:
    """Replace the signing key; return the id of the new one.

    With ``now`` it signs within seconds. ``leaked``: an old key may be compromised, so all tokens signed before become
    invalid.
    """
    async with database.write(cause or _cause()) as db:
        await signing_keys.lock(db)
        lead = timedelta(0) if leaked else SHORT_LEAD_TIME if now else LEAD_TIME
        kid = await _make(db, cipher, lead)
        if leaked:
            await signing_keys.revoke_others(db, kid)
            await audit.record(db, "keys:distrust-older", f"key:{kid}")
        return kid


async def _make(db: AsyncConnection, cipher: FieldCipher, lead: timedelta) -> str:
    key = ECKey.generate_key("P-256", auto_kid=True)
    assert key.kid
    private = {name: str(value) for name, value in key.as_dict(private=True).items()}
    public = {**key.as_dict(private=False), "alg": ALGORITHM, "use": "sig"}
    await signing_keys.add(db, key.kid, cipher.encrypt({**private}), public, lead)
    await audit.record(db, "keys:rotate", f"key:{key.kid}")
    await signing_keys.retire(db, key.kid, lead, MAX_TOKEN_LIFETIME + timedelta(minutes=1))
    return key.kid


def _cause() -> Cause:
    return Cause("keys", "hub", uuid.uuid4().hex)
