"""OSS calls the whole hub: what is stored before the response, what is refused unread, which order has no effect."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from hub.app import build
from hub.connectors.oss.connector import Oss
from hub.connectors.oss.tokens import JAKARTA, token
from hub.settings import Settings
from hub.store import migrate
from hub.store.database import Database
from tests.connectors.oss.signed_calls import DOCUMENT, NIB, SETTINGS

PATH = "/hooks/oss/receiveNIB"
KEYS: dict[str, Any] = {"pii_keys": base64.b64encode(b"k" * 32).decode(), "secret_key": "s" * 32}
STORED = "select kind, external_id, status, told from records order by kind"


@dataclass
class Hub:
    """The hub's app with OSS alone."""

    http: httpx.AsyncClient
    database: Database

    async def send(self, document: Any = DOCUMENT, *, days: int = 0, **call: Any) -> httpx.Response:
        """Send a document, signed for today or for a day ``days`` later."""
        day = (datetime.now(UTC) + timedelta(days=days)).astimezone(JAKARTA).date()
        body = call or {"json": {"dataNIB": document}}
        return await self.http.post(PATH, headers={"Token": token(SETTINGS, NIB, day)}, **body)

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.read() as db:
            return [tuple(row) for row in await db.execute(text(statement))]


@pytest.fixture
async def hub(database_url: str) -> AsyncIterator[Hub]:
    await migrate.migrate(database_url, [Oss.declaration(SETTINGS)])
    with patch.dict(os.environ, {"HUB_OSS_USERNAME": "user", "HUB_OSS_PASSWORD": "pass"}):
        app = build(Settings(database_url=database_url, connectors="oss", **KEYS))
    database = Database(database_url)
    async with LifespanManager(app) as running:
        transport = httpx.ASGITransport(running.app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            yield Hub(http, database)
    await database.close()


async def test_a_document_is_stored_before_it_is_answered(hub: Hub) -> None:
    answer = await hub.send()
    assert (answer.status_code, answer.json()["responreceiveNIB"]["status"]) == (200, "1")
    assert await hub.rows(STORED) == [("business", f"NIB-{NIB}", "ACTIVE", "01"), ("permit", "I-1", "ISSUED", "Y")]
    assert await hub.rows("select distinct cause from changes where system = 'oss'") == [("hook:oss",)]


async def test_repeated_and_overtaken_calls_change_nothing(hub: Hub) -> None:
    newer = DOCUMENT | {"tgl_perubahan_nib": "2025-02-02 08:00:00", "status_nib": "04", "nama_perseroan": "Nama Baru"}
    for document in (DOCUMENT, newer):
        await hub.send(document)
    before = await hub.rows("select to_jsonb(c) from changes c order by id")
    for document in (newer, DOCUMENT, newer):
        assert (await hub.send(document)).json()["responreceiveNIB"]["status"] == "1"
    assert await hub.rows("select to_jsonb(c) from changes c order by id") == before
    assert await hub.rows("select body ->> 'name' from records where kind = 'business'") == [("Nama Baru",)]


@pytest.mark.parametrize("days", [-2, 2])
async def test_a_token_of_another_day_stores_nothing(hub: Hub, days: int) -> None:
    answer = await hub.send(days=days)
    assert (answer.status_code, answer.json()["responreceiveNIB"]["status"]) == (401, "2")
    assert await hub.rows("select 1 from records") == []


async def test_a_body_of_three_megabytes_is_refused_unread(hub: Hub) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    sent = {"Token": token(SETTINGS, NIB, datetime.now(JAKARTA).date()), "Content-Length": "3000000"}
    answer = await hub.http.post(PATH, headers=sent, content=body())
    assert answer.status_code == 413


async def test_a_document_of_nearly_two_megabytes_is_accepted(hub: Hub) -> None:
    answer = await hub.send(DOCUMENT | {"legalitas": "x" * 1_900_000})
    assert answer.status_code == 200
    assert len(await hub.rows(STORED)) == 2


async def test_one_unreadable_permit_is_set_aside_with_others_kept(hub: Hub) -> None:
    rows = [*DOCUMENT["data_checklist"], {"id_izin": "I-2", "tgl_izin": "kemarin", "kd_daerah": "3374000000"}]
    answer = await hub.send(DOCUMENT | {"data_checklist": rows})
    assert answer.json()["responreceiveNIB"]["status"] == "1"
    assert [row[1] for row in await hub.rows(STORED)] == [f"NIB-{NIB}", "I-1"]
    assert await hub.rows("select reason from quarantine") == [("tgl_izin is not a time like 2026-01-31 13:45:00",)]


async def test_people_of_a_document_are_nowhere_in_the_database(hub: Hub) -> None:
    person = {"nama": "Sri Rekaan", "nik": "3399014107900001"}
    odd = {"legalitas": [person], "pemegang_saham": person, "nama_user_proses": person["nama"]}
    individual = {"jenis_pelaku_usaha": "02", "nama_perseroan": person["nama"], "npwp_perseroan": person["nik"]}
    unknown = {"status_nib": "09"}
    await hub.send(DOCUMENT | odd | individual | unknown)
    tables = await hub.rows("select tablename from pg_tables where schemaname = 'public'")
    dump = ""
    for (name,) in tables:
        found = await hub.rows(f"select coalesce(string_agg(t::text, ' '), '') from \"{name}\" t")
        dump += found[0][0]
    assert NIB in dump, "the dump shows what is stored"
    assert not [value for value in person.values() if value in dump]
