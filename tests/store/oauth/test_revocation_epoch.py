"""The revocation epoch: all caches of a process share its lookups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from hub.auth import access_tokens
from hub.auth.authentication import Authenticator
from hub.auth.signing_keys import SigningKeys
from hub.auth.trusted_issuers import InvalidToken, TrustedIssuers
from hub.errors import TryLater
from hub.store.database import Cause, Database, record_statements
from hub.store.encryption import FieldCipher
from hub.store.oauth import clients, revocation_epoch
from hub.store.oauth.clients import Client
from hub.store.oauth.revocation_epoch import RevocationEpoch
from hub.web.client_policies import ClientPolicies
from hub.web.rate_limits import RateLimiter

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


async def test_authentication_and_policies_share_one_lookup(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, watch = SigningKeys(database, FieldCipher([b"k" * 32], b"s" * 32)), RevocationEpoch(database)
    viewers = Authenticator(database, watch, keys, ISSUER, TrustedIssuers(()), RateLimiter(), b"s" * 32)
    policies = ClientPolicies(database, watch)
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 3600.0)
    token = access_tokens.issue(
        await keys.signer(), ISSUER, client_id=APP.id, subject=APP.id, scopes=APP.scopes, seconds=60
    )
    with record_statements() as statements:
        await asyncio.gather(*(each for _ in range(20) for each in (viewers.identify(token), policies.get(APP.id))))
    assert looks(statements) == 1
    async with database.write(CAUSE) as db:
        await clients.suspend(db, APP.id)
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 0.0)
    assert await policies.get(APP.id) is None
    with pytest.raises(InvalidToken):
        await viewers.identify(token)


async def test_an_unavailable_database_is_queried_twice_a_second() -> None:
    away = Database("postgresql://hub@127.0.0.1:1/none")
    watch = RevocationEpoch(away)
    with structlog.testing.capture_logs() as logged:
        results: list[Any] = await asyncio.gather(*(watch.current() for _ in range(20)), return_exceptions=True)
    await away.close()
    assert {type(each) for each in results} == {TryLater}
    assert len(logged) == 1


async def test_it_is_known_again_when_the_database_is_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_epoch, "MAX_AGE", 0.0)
    away, watch = Database("postgresql://hub@127.0.0.1:1/none"), RevocationEpoch(database)
    before = await watch.current()
    watch._database = away
    with structlog.testing.capture_logs(), pytest.raises(TryLater):
        await watch.current()
    watch._database = database
    assert await watch.current() == before
    await away.close()
