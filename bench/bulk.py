"""Payments pushed to ``POST /bulk/{system}`` of a real ``hub serve``, beside a plain ``COPY`` of the same rows.

The hub parses, maps, compares, stores with keys, indexes and history, and answers each row; ``COPY``
writes the finished rows into an empty table, once without indexes and once with those of the partition.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg

from bench import pull
from bench.setting import CIPHER, ENCRYPTION_KEY, SECRET
from hub.auth import access_tokens
from hub.auth.scopes import sync_scope
from hub.auth.signing_keys import SigningKeys
from hub.runtime.embedded_postgres import embedded_postgres
from hub.store.database import Cause, Database
from hub.store.migrate import migrate
from hub.store.oauth import clients
from hub.store.oauth.clients import Client

SYSTEM = "gopay"
CLIENT = Client(
    "bench-bulk",
    "Bench",
    "Bench",
    "client_secret_basic",
    ("client_credentials",),
    (sync_scope(SYSTEM).name,),
    cost_per_minute=1_000_000,
)


async def measure(folder: Path) -> dict[str, Any]:
    """Rows a second: of new ones, of the same ones under another key, and of ``COPY``, in a database of its own."""
    async with embedded_postgres(folder / "bulk") as url, pull.connected(folder) as connector:
        await migrate(url, [connector.declaration(connector.settings)])
        items, _ = await pull.read(connector)
        body = b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items)
        async with _served(url, folder) as (hub, token):
            created = await _pushed(hub, token, body)
            unchanged = await _pushed(hub, token, body)
        copied = await _copied(url)
    count = len(items)
    return {
        "rows": count,
        "new_per_second": round(count / created),
        "unchanged_per_second": round(count / unchanged),
        "copy_per_second": round(count / copied[0]),
        "copy_with_indexes_per_second": round(count / copied[1]),
        "ratio_to_copy": round(created / copied[0], 1),
        "ratio_to_copy_with_indexes": round(created / copied[1], 1),
    }


@asynccontextmanager
async def _served(url: str, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """A hub in a process of its own, and a token of the client."""
    hub = f"http://127.0.0.1:{pull.free_port()}"
    env = os.environ | {
        "HUB_DATABASE_URL": url,
        "HUB_PORT": hub[17:],
        "HUB_PII_KEYS": base64.b64encode(ENCRYPTION_KEY).decode(),
        "HUB_SECRET_KEY": SECRET.decode(),
        "HUB_CONNECTORS": SYSTEM,
        "HUB_DATA_DIR": str(folder),
    }
    process = subprocess.Popen([sys.executable, "-m", "hub", "serve"], env=env, stderr=subprocess.DEVNULL)
    try:
        await pull.wait_until_up(f"{hub}/healthz")
        yield hub, await _token(url, hub)
    finally:
        process.terminate()
        process.wait()


async def _token(url: str, issuer: str) -> str:
    database = Database(url)
    async with database.write(Cause("bench", "bench", "bench")) as db:
        await clients.create(db, CLIENT)
    signer = await SigningKeys(database, CIPHER).signer()
    await database.close()
    return access_tokens.issue(
        signer, issuer, client_id=CLIENT.id, subject=CLIENT.id, scopes=CLIENT.scopes, seconds=600
    )


async def _pushed(hub: str, token: str, body: bytes) -> float:
    """Seconds until the last line of the answer."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    async with httpx.AsyncClient(timeout=600) as client:
        began = time.perf_counter()
        answer = await client.post(f"{hub}/bulk/{SYSTEM}", content=body, headers=headers)
        seconds = time.perf_counter() - began
    assert "summary" in orjson.loads(answer.content.splitlines()[-1]), answer.text[-500:]
    return seconds


async def _copied(url: str) -> tuple[float, float]:
    """Seconds to ``COPY`` the stored records into a table without indexes, and into one with those of the partition."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        chunks = []
        async with db.cursor().copy("copy (select * from records) to stdout") as out:
            async for chunk in out:
                chunks.append(bytes(chunk))
        seconds = []
        for including in ("defaults", "all"):
            await db.execute(f"create table copied (like records_{SYSTEM} including {including})")
            began = time.perf_counter()
            async with db.cursor().copy("copy copied from stdin") as into:
                for chunk in chunks:
                    await into.write(chunk)
            seconds.append(time.perf_counter() - began)
            await db.execute("drop table copied")
    return seconds[0], seconds[1]
