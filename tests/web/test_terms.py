"""What was agreed with clients, read from the database and heard of again when it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import TryLater
from hub.store.access import clients, documents, epoch, users
from hub.store.access.clients import Client
from hub.store.access.documents import Registered, document_id
from hub.store.access.epoch import Watch
from hub.store.database import Cause, Database, counted
from hub.store.tables_auth import documents as documents_table
from hub.web import terms as terms_module
from hub.web.terms import Terms

APP = Client("app", "Aplikasi", "Uji", "none", ("authorization_code",), (), origins=("https://app.example",))
CAUSE = Cause("test", "test", "test")
ONE, TWO, THREE = "{ one: __typename }", "{ two: __typename }", "{ three: __typename }"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    async with made.write(CAUSE) as db:
        await clients.create(db, APP)
    yield made
    await made.close()


async def within_a_second(holds: Callable[[], Awaitable[bool]]) -> None:
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.05)


async def test_what_a_client_agreed_to(database: Database) -> None:
    terms = Terms(database, Watch(database))
    app = await terms.of("app")
    assert app is not None
    assert (app.requests_per_minute, app.cost_per_minute, app.documents_only) == (600, 100_000, False)
    assert await terms.of("nobody") is None
    assert await terms.origins() == {"https://app.example"}


async def test_each_change_is_heard_of_within_a_second(database: Database) -> None:
    terms = Terms(database, Watch(database))
    assert await terms.of("app")

    async def pinned() -> bool:
        app = await terms.of("app")
        return app is not None and app.documents_only

    async with database.write(CAUSE) as db:
        await clients.pin(db, "app", documents_only=True)
    await within_a_second(pinned)

    other = replace(APP, id="other", origins=("https://other.example",))
    async with database.write(CAUSE) as db:
        await clients.create(db, other)

    async def joined() -> bool:
        return "https://other.example" in await terms.origins()

    await within_a_second(joined)

    async def gone() -> bool:
        return await terms.of("app") is None and await terms.origins() == {"https://other.example"}

    async with database.write(CAUSE) as db:
        await clients.suspend(db, "app")
    await within_a_second(gone)


async def test_a_suspended_user_is_heard_of_within_a_second(database: Database) -> None:
    terms = Terms(database, Watch(database))
    async with database.write(CAUSE) as db:
        await users.create(db, "u_siti", "OFFICER")
    assert not await terms.suspended("u_siti")
    async with database.write(CAUSE) as db:
        await users.suspend(db, "u_siti")
    await within_a_second(lambda: terms.suspended("u_siti"))


async def test_between_two_looks_nothing_is_asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = Terms(database, Watch(database))
    with counted() as statements:
        await asyncio.gather(*(terms.of("app") for _ in range(20)))
        await terms.origins()
    assert len(statements) == 3
    monkeypatch.setattr(epoch, "EVERY", 0.0)
    with counted() as statements:
        await terms.of("app")
    assert len(statements) == 1


async def test_operations_are_registered_once_and_replaced_on_demand(database: Database) -> None:
    async with database.write(CAUSE) as db:
        assert await documents.register(db, "app", [ONE, TWO, ONE]) == Registered(2, 0, 0)
        assert await documents.register(db, "app", [TWO, THREE]) == Registered(1, 1, 0)
        assert await documents.count(db, "app") == 3
        assert await documents.register(db, "app", [THREE], replace=True) == Registered(0, 1, 2)
        assert await documents.find(db, "app", document_id(THREE)) == THREE
        assert await documents.find(db, "app", document_id(ONE)) is None
        assert await documents.find(db, "other", document_id(THREE)) is None
        assert await documents.register(db, "app", [], replace=True) == Registered(0, 0, 1)


async def test_an_operation_is_read_once_and_forgotten_when_it_is_taken_away(database: Database) -> None:
    terms = Terms(database, Watch(database))
    assert await terms.document("app", document_id(ONE)) is None
    async with database.write(CAUSE) as db:
        await documents.register(db, "app", [ONE])
    assert await terms.document("app", document_id(ONE)) == ONE
    with counted() as statements:
        assert await terms.document("app", document_id(ONE)) == ONE
    assert [each for each in statements if "documents" in each] == []
    async with database.write(CAUSE) as db:
        await db.execute(delete(documents_table))

    async def forgotten() -> bool:
        return await terms.document("app", document_id(ONE)) is None

    await within_a_second(forgotten)


@pytest.mark.parametrize("name", ["", "sha256:", "sha256:\0", "sha256:" + "F" * 64, "é" * 71])
async def test_what_is_no_id_is_not_asked_for(database: Database, name: str) -> None:
    terms = Terms(database, Watch(database))
    await terms.of("app")
    with counted() as statements:
        assert await terms.document("app", name) is None
    assert [each for each in statements if "documents" in each] == []


async def test_an_operation_taken_away_while_it_is_read_is_not_remembered(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "EVERY", 0.0)
    terms, find = Terms(database, Watch(database)), documents.find
    async with database.write(CAUSE) as db:
        await documents.register(db, "app", [ONE])

    async def find_and_pause(db: AsyncConnection, client_id: str, name: str) -> str | None:
        text = await find(db, client_id, name)
        async with database.write(CAUSE) as other:
            await other.execute(delete(documents_table))
        await terms.of("app")
        return text

    monkeypatch.setattr(documents, "find", find_and_pause)
    assert await terms.document("app", document_id(ONE)) == ONE
    monkeypatch.setattr(documents, "find", find)
    assert await terms.document("app", document_id(ONE)) is None


async def test_operations_remembered_do_not_fill_the_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_module, "KEPT", 2)
    terms = Terms(database, Watch(database))
    async with database.write(CAUSE) as db:
        await documents.register(db, "app", [ONE, TWO, THREE])
    for text in (ONE, TWO, THREE, ONE):
        assert await terms.document("app", document_id(text)) == text
    assert len(terms._documents) <= 2


async def test_terms_hold_on_while_the_database_is_away_and_are_not_invented(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "EVERY", 0.0)
    terms = Terms(database, Watch(database))
    await terms.of("app")
    away = Database("postgresql://hub@127.0.0.1:1/none")
    terms._database, terms._watch = away, Watch(away)
    with structlog.testing.capture_logs() as logged:
        assert await terms.of("app") == replace(APP, created_at=(await terms.of("app")).created_at)  # type: ignore[union-attr]
        for ask in (Terms(away, Watch(away)).of("app"), terms.document("app", document_id(ONE))):
            with pytest.raises(TryLater):
                await ask
    assert {line["log_level"] for line in logged} == {"warning"}
    await away.close()
