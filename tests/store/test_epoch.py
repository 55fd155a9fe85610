"""The epoch, which all who remember something in a process look up together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from hub.auth import access
from hub.auth.issuers import InvalidToken, Issuers
from hub.auth.keys import Keys
from hub.auth.viewers import Viewers
from hub.errors import TryLater
from hub.store.access import clients, epoch
from hub.store.access.clients import Client
from hub.store.access.epoch import Watch
from hub.store.database import Cause, Database, counted
from hub.store.sealing import Seal
from hub.web.rates import Rates
from hub.web.terms import Terms

APP = Client("gojek", "Gojek", "Uji", "client_secret_basic", ("client_credentials",), ("complaints:read",))
CAUSE = Cause("test", "test", "test")
ISSUER = "http://127.0.0.1:8123"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    async with made.write(CAUSE) as db:
        await clients.create(db, APP)
    yield made
    await made.close()


def looks(statements: list[str]) -> int:
    return sum("auth_epoch" in each for each in statements)


async def test_viewers_and_terms_look_it_up_once_for_both(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, watch = Keys(database, Seal([b"k" * 32], b"s" * 32)), Watch(database)
    viewers = Viewers(database, watch, keys, ISSUER, Issuers(()), Rates(), b"s" * 32)
    terms = Terms(database, watch)
    token = access.issue(await keys.signer(), ISSUER, client_id=APP.id, subject=APP.id, scopes=APP.scopes, seconds=60)
    with counted() as statements:
        await asyncio.gather(*(each for _ in range(20) for each in (viewers.worth(token), terms.of(APP.id))))
    assert looks(statements) == 1
    async with database.write(CAUSE) as db:
        await clients.suspend(db, APP.id)
    monkeypatch.setattr(epoch, "EVERY", 0.0)
    assert await terms.of(APP.id) is None
    with pytest.raises(InvalidToken):
        await viewers.worth(token)


async def test_while_the_database_is_away_it_is_asked_twice_a_second_at_most() -> None:
    away = Database("postgresql://hub@127.0.0.1:1/none")
    watch = Watch(away)
    with structlog.testing.capture_logs() as logged:
        told: list[Any] = await asyncio.gather(*(watch.now() for _ in range(20)), return_exceptions=True)
    await away.close()
    assert {type(each) for each in told} == {TryLater}
    assert len(logged) == 1


async def test_it_is_known_again_when_the_database_is_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch, "EVERY", 0.0)
    away, watch = Database("postgresql://hub@127.0.0.1:1/none"), Watch(database)
    before = await watch.now()
    watch._database = away
    with structlog.testing.capture_logs(), pytest.raises(TryLater):
        await watch.now()
    watch._database = database
    assert await watch.now() == before
    await away.close()
