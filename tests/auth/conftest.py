"""Fixtures of all tests of tokens and sign-in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from hub.auth import jwks, oidc_login, passwords
from hub.store.oauth import revocation_epoch
from tests.auth.harness import EpochClock, Stage, staged

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOBODYS = CHEAP.hash("of nobody")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits that let the issuers and providers of the tests respond on a busy machine."""
    monkeypatch.setattr(jwks, "TIMEOUT", 60.0)
    monkeypatch.setattr(oidc_login, "TIMEOUT", 60.0)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes passwords with little work; ``test_passwords`` verifies the real amount."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    monkeypatch.setattr(passwords, "_DUMMY_HASH", NOBODYS)


@pytest.fixture
def epoch_clock(monkeypatch: pytest.MonkeyPatch) -> EpochClock:
    """The clock of the revocation epoch; ``tests/runtime/test_two_processes.py`` waits for the real one."""
    clock = EpochClock()
    monkeypatch.setattr(revocation_epoch, "time", clock)
    return clock


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """Two processes of one hub, with a registered partner and app."""
    async with staged(database_url) as stage:
        yield stage
