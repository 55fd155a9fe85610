"""Webhooks of clients: consent, signed messages in order, retries, and what happens to endpoints that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from standardwebhooks import Webhook

from hub.store.webhooks.terms import WebhookState
from tests.schema.harness import Stage
from tests.sync.webhook_harness import ISSUER, Place, placed
from tests.webhook_receiver import Received, Receiver, receiving


@pytest.fixture
async def place(stage: Stage) -> AsyncIterator[Place]:
    async with placed(stage) as place:
        yield place


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_a_change_is_one_signed_message_after_consent(place: Place, receiver: Receiver) -> None:
    webhook = await place.register(receiver)
    await place.changes("P1")
    await place.sender.drain()
    (asked,) = receiver.asked
    assert asked["webhook-request-origin"] == "hub.example"
    (got,) = receiver.calls
    assert Webhook(receiver.secret or "").verify(got.body, got.headers) == got.json
    assert got.json["type"] == "payment.created"
    assert (got.data["kind"], got.data["subject"], got.data["system"], got.data["id"]) == ("payment", "P1", "fake", got.id)
    assert got.data["url"].startswith(f"{ISSUER}/graphql?query=")
    assert "before" not in got.data
    assert b"Uji Coba" not in got.body
    assert (await place.webhook(webhook)).state is WebhookState.ACTIVE
