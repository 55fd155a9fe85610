"""Payments that the listing no longer includes: unfinished ones outside of its window, and those that are too old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from hub.connectors.gopay.connector import DETAIL, Gopay
from hub.connectors.gopay.sandbox import GopaySandbox
from hub.connectors.gopay.sandbox.history import History
from hub.connectors.gopay.sandbox.payments import StoredPayment, invented
from hub.store import migrate
from hub.store.database import Cause, Database
from hub.store.encryption import FieldCipher
from hub.sync.ingest import Ingest
from hub.sync.pull import Pull
from hub.testing.running import Running, running_sandbox

SEAL = FieldCipher([b"k" * 32], b"s" * 32)
CAUSE = Cause("test", "test", "test")


class Provider:
    """The provider's sandbox with a few payments, and the hub's copy of it."""

    def __init__(self, running: Running, database: Database) -> None:
        self.running, self.database, self._made = running, database, 0
        self.sandbox: GopaySandbox = running.sandbox  # type: ignore[assignment]

    def made(self, days: float, status: str = "SUCCESS", *, listed: bool = True) -> StoredPayment:
        """Add a payment that was made ``days`` ago."""
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
        self._made += 1
        payment = invented(at, f"{self._made:05}", Random(self._made), status)
        if listed:
            self.sandbox.history.add(payment)
        return payment

    async def pull(self, *, full: bool = False) -> int:
        """Make a full run; return how many records it marked as gone."""
        async with self.running.connected(attempts=2) as connector:
            result = await Pull(self.database, connector, SEAL).run(full=full)
        assert result.outcome == "DONE", result.error
        return result.gone

    async def known(self, *payments: StoredPayment) -> None:
        """Store the payments as if they were listed two days ago."""
        async with self.running.connected() as connector, self.database.write(CAUSE) as db:
            items, then = [payment.item() for payment in payments], datetime.now(UTC) - timedelta(days=2)
            await Ingest(connector, SEAL).store(db, items, then, listed=True)

    async def status(self, payment: StoredPayment) -> str:
        """Return the stored status of a payment."""
        async with self.database.read() as db:
            found = await db.execute(
                text("select coalesce('GONE ' || gone_at, status) from records where external_id = :id"),
                {"id": payment.reference},
            )
            return str(found.scalar_one())

    async def wait(self, passing: timedelta) -> None:
        """Move the times of point lookups back."""
        async with self.database.write(CAUSE) as db:
            await db.execute(text("update records set asked_at = asked_at - cast(:by as interval)"), {"by": passing})

    @property
    def requests(self) -> int:
        """Return the number of point lookups."""
        return self.sandbox.calls[f"POST {DETAIL}"]


@pytest.fixture
async def provider(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    """A provider without payments."""
    monkeypatch.setattr("hub.connectors.gopay.sandbox.half_year", lambda world, size: History([]))
    async with running_sandbox(Gopay, tmp_path) as running:
        await migrate.migrate(database_url, [Gopay.declaration(running.settings)])
        database = Database(database_url)
        yield Provider(running, database)
        await database.close()


@pytest.mark.parametrize("days", [1.1, 40, 183])
async def test_a_payment_settled_after_a_day_is_seen_by_the_next_pull(provider: Provider, days: float) -> None:
    late, paid = provider.made(days, "INIT"), provider.made(days)
    await provider.pull()
    late.status = "SUCCESS"
    await provider.pull()
    assert (await provider.status(late), await provider.status(paid), provider.requests) == ("SUCCESS", "SUCCESS", 1)
    await provider.pull()
    assert provider.requests == 1, "a final payment is not requested"


async def test_an_unsettled_payment_is_requested_less_often_with_age(provider: Provider) -> None:
    provider.made(2, "INIT")
    provider.made(100, "INIT")
    for _ in range(3):
        await provider.pull()
    assert provider.requests == 2
    await provider.wait(timedelta(hours=1))
    await provider.pull()
    assert provider.requests == 3
    await provider.wait(timedelta(days=1))
    await provider.pull()
    assert provider.requests == 5


async def test_a_payment_the_provider_forgot_blocks_no_other(provider: Provider) -> None:
    forgotten, late = provider.made(3, "INIT", listed=False), provider.made(2, "INIT")
    await provider.pull()
    await provider.known(forgotten)
    late.status = "SUCCESS"
    await provider.pull()
    assert (await provider.status(forgotten), await provider.status(late)) == ("INITIATED", "SUCCESS")


async def test_a_payment_at_the_edge_of_the_listing_is_not_removed(provider: Provider) -> None:
    """The listing covers 184 days, of which a run leaves out an hour; older payments were not requested."""
    old = [provider.made(days, listed=False) for days in (183.99, 183.97, 184.5, 185.5, 200)]
    missing, stays = provider.made(182.5, listed=False), provider.made(182.6)
    await provider.known(*old, missing, stays)
    assert await provider.pull(full=True) == 1
    assert (await provider.status(missing)).startswith("GONE")
    assert [await provider.status(payment) for payment in (*old, stays)] == ["SUCCESS"] * 6
