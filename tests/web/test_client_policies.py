"""The policies of clients, cached from the database and read again when they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.errors import TryLater
from hub.store.database import Cause, Database, record_statements
from hub.store.oauth import clients, persisted_operations, revocation_epoch, users
from hub.store.oauth.clients import Client
from hub.store.oauth.persisted_operations import RegistrationResult, document_id
from hub.store.oauth.revocation_epoch import RevocationEpoch
from hub.store.tables.oauth import documents as documents_table
from hub.web import client_policies as terms_module
from hub.web.client_policies import ClientPolicies

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


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock of the epoch's lookups; it moves only when a test moves it."""
    made = SimpleNamespace(at=1000.0)
    made.monotonic = lambda: made.at
    monkeypatch.setattr(revocation_epoch, "time", made)
    return made


async def within_a_second(clock: SimpleNamespace, holds: Callable[[], Awaitable[bool]]) -> None:
    clock.at += 1
    assert await holds()


async def test_what_a_client_agreed_to(database: Database) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    app = await policies.get("app")
    assert app is not None
    assert (app.requests_per_minute, app.cost_per_minute, app.documents_only) == (600, 100_000, False)
    assert await policies.get("nobody") is None
    assert await policies.origins() == {"https://app.example"}


async def test_each_change_is_noticed_within_a_second(database: Database, clock: SimpleNamespace) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    assert await policies.get("app")

    async def pinned() -> bool:
        app = await policies.get("app")
        return app is not None and app.documents_only

    async with database.write(CAUSE) as db:
        await clients.set_documents_only(db, "app", documents_only=True)
    await within_a_second(clock, pinned)

    other = replace(APP, id="other", origins=("https://other.example",))
    async with database.write(CAUSE) as db:
        await clients.create(db, other)

    async def joined() -> bool:
        return "https://other.example" in await policies.origins()

    await within_a_second(clock, joined)

    async def gone() -> bool:
        return await policies.get("app") is None and await policies.origins() == {"https://other.example"}

    async with database.write(CAUSE) as db:
        await clients.suspend(db, "app")
    await within_a_second(clock, gone)


async def test_a_suspended_user_is_noticed_within_a_second(database: Database, clock: SimpleNamespace) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    async with database.write(CAUSE) as db:
        await users.create(db, "u_siti", "OFFICER")
    assert not await policies.is_suspended("u_siti")
    async with database.write(CAUSE) as db:
        await users.suspend(db, "u_siti")
    await within_a_second(clock, lambda: policies.is_suspended("u_siti"))


async def test_between_two_lookups_nothing_is_queried(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    with record_statements() as statements:
        await asyncio.gather(*(policies.get("app") for _ in range(20)))
        await policies.origins()
    assert len(statements) == 3
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 0.0)
    with record_statements() as statements:
        await policies.get("app")
    assert len(statements) == 1


async def test_operations_are_registered_once_and_replaced_on_demand(database: Database) -> None:
    async with database.write(CAUSE) as db:
        assert await persisted_operations.register(db, "app", [ONE, TWO, ONE]) == RegistrationResult(2, 0, 0)
        assert await persisted_operations.register(db, "app", [TWO, THREE]) == RegistrationResult(1, 1, 0)
        assert await persisted_operations.count(db, "app") == 3
        assert await persisted_operations.register(db, "app", [THREE], replace=True) == RegistrationResult(0, 1, 2)
        assert await persisted_operations.find(db, "app", document_id(THREE)) == THREE
        assert await persisted_operations.find(db, "app", document_id(ONE)) is None
        assert await persisted_operations.find(db, "other", document_id(THREE)) is None
        assert await persisted_operations.register(db, "app", [], replace=True) == RegistrationResult(0, 0, 1)


async def test_an_operation_is_read_once_and_forgotten_when_removed(database: Database, clock: SimpleNamespace) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    assert await policies.persisted_operation("app", document_id(ONE)) is None
    async with database.write(CAUSE) as db:
        await persisted_operations.register(db, "app", [ONE])
    assert await policies.persisted_operation("app", document_id(ONE)) == ONE
    with record_statements() as statements:
        assert await policies.persisted_operation("app", document_id(ONE)) == ONE
    assert [each for each in statements if "documents" in each] == []
    async with database.write(CAUSE) as db:
        await db.execute(delete(documents_table))

    async def forgotten() -> bool:
        return await policies.persisted_operation("app", document_id(ONE)) is None

    await within_a_second(clock, forgotten)


@pytest.mark.parametrize("name", ["", "sha256:", "sha256:\0", "sha256:" + "F" * 64, "é" * 71])
async def test_an_invalid_id_is_not_queried(database: Database, name: str) -> None:
    policies = ClientPolicies(database, RevocationEpoch(database))
    await policies.get("app")
    with record_statements() as statements:
        assert await policies.persisted_operation("app", name) is None
    assert [each for each in statements if "documents" in each] == []


async def test_an_operation_removed_while_it_is_read_is_not_cached(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 0.0)
    policies, find = ClientPolicies(database, RevocationEpoch(database)), persisted_operations.find
    async with database.write(CAUSE) as db:
        await persisted_operations.register(db, "app", [ONE])

    async def find_and_pause(db: AsyncConnection, client_id: str, name: str) -> str | None:
        text = await find(db, client_id, name)
        async with database.write(CAUSE) as other:
            await other.execute(delete(documents_table))
        await policies.get("app")
        return text

    monkeypatch.setattr(persisted_operations, "find", find_and_pause)
    assert await policies.persisted_operation("app", document_id(ONE)) == ONE
    monkeypatch.setattr(persisted_operations, "find", find)
    assert await policies.persisted_operation("app", document_id(ONE)) is None


async def test_operations_remembered_do_not_fill_the_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_module, "OPERATION_CACHE_SIZE", 2)
    policies = ClientPolicies(database, RevocationEpoch(database))
    async with database.write(CAUSE) as db:
        await persisted_operations.register(db, "app", [ONE, TWO, THREE])
    for text in (ONE, TWO, THREE, ONE):
        assert await policies.persisted_operation("app", document_id(text)) == text
    assert len(policies._operations) <= 2


async def test_policies_last_through_a_database_outage(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 0.0)
    policies = ClientPolicies(database, RevocationEpoch(database))
    await policies.get("app")
    away = Database("postgresql://hub@127.0.0.1:1/none")
    policies._database, policies._watch = away, RevocationEpoch(away)
    with structlog.testing.capture_logs() as logged:
        assert await policies.get("app") == replace(APP, created_at=(await policies.get("app")).created_at)  # type: ignore[union-attr]
        for ask in (
            ClientPolicies(away, RevocationEpoch(away)).get("app"),
            policies.persisted_operation("app", document_id(ONE)),
        ):
            with pytest.raises(TryLater):
                await ask
    assert {line["log_level"] for line in logged} == {"warning"}
    await away.close()
