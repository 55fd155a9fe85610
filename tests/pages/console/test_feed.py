"""Positions of the feed, its readers, jobs, versions and keys in the console."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.store.feed.cursors import encode
from hub.store.oauth import clients
from hub.store.webhooks import endpoints
from hub.store.webhooks.endpoints import Registration, WebhookOptions
from hub.store.webhooks.signatures import SigningSecrets
from tests.fake_connector import payment
from tests.pages.console.conftest import Browser, words
from tests.schema.harness import CAUSE, Stage
from tests.sync.webhook_harness import CLIENT


async def test_the_feed_its_readers_and_the_keys_are_shown(shared: Stage, operator: Browser) -> None:
    await shared.records(payment("P1"))
    page = await operator.get("/en/console/feed")
    text = words(page.text)
    assert page.status_code == 200
    assert "workers run. The hub is at version" in text
    for heading in ("Positions of the feed", "Keys that sign tokens", "Keys of personal data"):
        assert heading in text
    assert "No webhook reads the feed." in text
    async with shared.database.write(CAUSE) as db:
        await clients.create(db, CLIENT)
        registered = Registration("wh_1", CLIENT.id, encode({}), datetime.now(UTC))
        options = WebhookOptions("https://partner.example/hook")
        await endpoints.create(db, shared.cipher, registered, options, SigningSecrets.generate(asymmetric=False))
    assert "shop wh_1 UNVERIFIED" in words((await operator.get("/en/console/feed")).text)


async def test_the_page_is_in_indonesian_too(operator: Browser) -> None:
    text = words((await operator.get("/console/umpan")).text)
    assert "pekerja berjalan." in text
    assert "Posisi umpan" in text
