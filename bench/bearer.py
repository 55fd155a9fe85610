"""The time to authenticate a bearer token: seen before, and for the first time."""

from __future__ import annotations

import time
import uuid

from bench.setting import CIPHER, SECRET
from hub.auth import access_tokens
from hub.auth.authentication import Authenticator
from hub.auth.signing_keys import SigningKeys
from hub.auth.trusted_issuers import TrustedIssuers
from hub.store.database import Cause, Database
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from hub.store.oauth.revocation_epoch import RevocationEpoch
from hub.web.rate_limits import RateLimiter

ISSUER = "http://127.0.0.1:8000"
CLIENT = Client("bench", "Bench", "Bench", "client_secret_basic", ("client_credentials",), ("complaints:read",))
SEEN, NEW = 100_000, 200


async def measure(url: str) -> dict[str, float]:
    """Microseconds a check; ``url`` is a migrated database."""
    database = Database(url)
    async with database.write(Cause("bench", "bench", uuid.uuid4().hex)) as db:
        if not await clients.get(db, CLIENT.id):
            await clients.create(db, CLIENT)
    keys = SigningKeys(database, CIPHER)
    viewers = Authenticator(
        database, RevocationEpoch(database), keys, ISSUER, TrustedIssuers(()), RateLimiter(), SECRET
    )
    tokens = [await _token(keys) for _ in range(NEW)]
    await viewers.identify(tokens[0])
    new = await _timed(viewers, tokens)
    seen = await _timed(viewers, [tokens[0]] * SEEN)
    await database.close()
    return {"new_us": round(new, 1), "seen_before_us": round(seen, 2)}


async def _token(keys: SigningKeys) -> str:
    signer = await keys.signer()
    return access_tokens.issue(
        signer, ISSUER, client_id=CLIENT.id, subject=CLIENT.id, scopes=CLIENT.scopes, seconds=600
    )


async def _timed(viewers: Authenticator, tokens: list[str]) -> float:
    began = time.perf_counter()
    for token in tokens:
        await viewers.identify(token)
    return (time.perf_counter() - began) / len(tokens) * 1e6
