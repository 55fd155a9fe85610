"""What it costs to know who asks by a bearer token: seen before, and for the first time."""

from __future__ import annotations

import time
import uuid

from bench.setting import SEAL, SECRET
from hub.auth import access
from hub.auth.issuers import Issuers
from hub.auth.keys import Keys
from hub.auth.viewers import Viewers
from hub.store.access import clients
from hub.store.access.clients import Client
from hub.store.access.epoch import Watch
from hub.store.database import Cause, Database
from hub.web.rates import Rates

ISSUER = "http://127.0.0.1:8000"
CLIENT = Client("bench", "Bench", "Bench", "client_secret_basic", ("client_credentials",), ("complaints:read",))
SEEN, NEW = 100_000, 200


async def measure(url: str) -> dict[str, float]:
    """Microseconds a check; ``url`` is a migrated database."""
    database = Database(url)
    async with database.write(Cause("bench", "bench", uuid.uuid4().hex)) as db:
        if not await clients.get(db, CLIENT.id):
            await clients.create(db, CLIENT)
    keys = Keys(database, SEAL)
    viewers = Viewers(database, Watch(database), keys, ISSUER, Issuers(()), Rates(), SECRET)
    tokens = [await _token(keys) for _ in range(NEW)]
    await viewers.worth(tokens[0])
    new = await _timed(viewers, tokens)
    seen = await _timed(viewers, [tokens[0]] * SEEN)
    await database.close()
    return {"new_us": round(new, 1), "seen_before_us": round(seen, 2)}


async def _token(keys: Keys) -> str:
    signer = await keys.signer()
    return access.issue(signer, ISSUER, client_id=CLIENT.id, subject=CLIENT.id, scopes=CLIENT.scopes, seconds=600)


async def _timed(viewers: Viewers, tokens: list[str]) -> float:
    began = time.perf_counter()
    for token in tokens:
        await viewers.worth(token)
    return (time.perf_counter() - began) / len(tokens) * 1e6
