"""Webhooks of clients: consent, signed messages in order, retries, and what happens to endpoints that fail."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook
from starlette.responses import Response

from hub.store.feed import sequence
from hub.store.webhooks.terms import DisabledReason, WebhookContent, WebhookFormat, WebhookState
from tests.schema.harness import CAUSE, Stage
from tests.sync.webhook_harness import ISSUER, Place, placed
from tests.webhook_receiver import Received, Receiver, receiving, verify


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
    assert (got.data["kind"], got.data["subject"], got.data["system"], got.data["id"]) == (
        "payment",
        "P1",
        "fake",
        got.id,
    )
    assert got.data["url"].startswith(f"{ISSUER}/graphql?query=")
    assert "before" not in got.data
    assert b"Uji Coba" not in got.body
    assert (await place.webhook(webhook)).state is WebhookState.ACTIVE


async def test_an_endpoint_that_does_not_agree_gets_nothing(place: Place, receiver: Receiver) -> None:
    receiver.allows = "elsewhere.example"
    webhook = await place.register(receiver)
    await place.changes("P1")
    await place.drain_for(hours=25)
    assert receiver.calls == []
    ended = await place.webhook(webhook)
    assert (ended.state, ended.reason) == (WebhookState.DISABLED, DisabledReason.NO_CONSENT)


async def test_an_endpoint_may_sign_a_challenge_instead(place: Place, receiver: Receiver) -> None:
    receiver.allows, receiver.signs = None, True
    await place.register(receiver)
    await place.changes("P1")
    await place.sender.drain()
    assert [each.data["subject"] for each in receiver.taken] == ["P1"]


async def test_after_an_hour_of_outage_all_arrives_once_in_order(place: Place, receiver: Receiver) -> None:
    await place.register(receiver)
    await place.changes("P1", "P2")
    await place.sender.drain()
    receiver.status = 503
    for version in range(2, 5):
        await place.changes("P1", "P2", version=version)
        await place.drain_for(minutes=20)
    assert len(receiver.taken) == 2
    assert len(receiver.calls) < 30, "the breaker spares an endpoint that fails"
    receiver.status = 204
    await place.drain_for(hours=1)
    positions = [each.data["position"] for each in receiver.taken if each.data["subject"] == "P1"]
    assert positions == sorted(positions)
    assert len(receiver.taken) == len(receiver.once) == 8


@pytest.mark.whole
async def test_one_failing_subject_does_not_hold_up_others(place: Place, receiver: Receiver) -> None:
    async def refuse(got: Received) -> Response | None:
        return Response(status_code=400) if got.data["subject"] == "P1" else None

    receiver.answer = refuse
    webhook = await place.register(receiver)
    await place.changes("P1", "P2")
    await place.changes("P1", "P2", version=2)
    await place.sender.drain()
    assert [each.data["subject"] for each in receiver.taken] == ["P2", "P2"]
    assert {each.data["fields"] == [] for each in receiver.calls if each.data["subject"] == "P1"} == {True}
    await place.drain_for(days=3)
    await place.drain_for(days=3)
    dead = await place.stage.rows("select subject from webhook_deliveries where state = 'DEAD'")
    assert dead == [("P1",), ("P1",)]
    receiver.answer = None
    async with place.operations() as done:
        await done.resume(webhook)
        assert await done.replay(webhook, dead_only=True) == 2
    await place.sender.drain()
    assert [each.data["fields"] == [] for each in receiver.taken[2:]] == [True, False]


async def test_an_endpoint_that_is_gone_is_disabled_at_once(place: Place, receiver: Receiver) -> None:
    receiver.status = 410
    webhook = await place.register(receiver)
    await place.changes("P1", "P2")
    await place.drain_for(hours=1)
    ended = await place.webhook(webhook)
    assert (ended.state, ended.reason) == (WebhookState.DISABLED, DisabledReason.GONE)
    receiver.status = 204
    async with place.operations() as done:
        await done.resume(webhook)
    await place.sender.drain()
    assert sorted(each.data["subject"] for each in receiver.taken) == ["P1", "P2"]


@pytest.mark.whole
async def test_a_client_is_warned_before_it_is_disabled(place: Place, receiver: Receiver) -> None:
    receiver.status = 500
    webhook = await place.register(receiver)
    await place.changes("P1")
    await place.drain_for(hours=30)
    failing = await place.webhook(webhook)
    assert failing.state is WebhookState.ACTIVE
    assert failing.warned_at is not None
    for day in range(2, 7):
        await place.changes("P1", version=day)
        await place.drain_for(days=1)
    ended = await place.webhook(webhook)
    assert (ended.state, ended.reason) == (WebhookState.DISABLED, DisabledReason.FAILING)


async def test_during_rotation_both_secrets_verify(place: Place, receiver: Receiver) -> None:
    webhook = await place.register(receiver, asymmetric=True)
    await place.sender.drain()
    former, receiver.secret = receiver.secret, None
    async with place.operations() as done:
        latest = await done.rotate(webhook)
    assert isinstance(latest, str)
    await place.changes("P1")
    await place.sender.drain()
    place.clock.passes(hours=25)
    await place.changes("P2")
    await place.sender.drain()
    during, after = receiver.taken
    for secret in (former or "", latest):
        verify(secret, during)
    kinds = [each.partition(",")[0] for each in during.headers["webhook-signature"].split(" ")]
    assert kinds == ["v1", "v1", "v1a", "v1a"]
    assert after.headers["webhook-signature"].count("v1,") == 1
    key = (await place.webhook(webhook)).public_key or ""
    assert verify_ed25519(key, during)
    assert verify_ed25519(key, after)


async def test_a_slow_endpoint_costs_no_other_one_its_turn(place: Place, receiver: Receiver) -> None:
    begun, released = asyncio.Event(), asyncio.Event()

    async def hang(_: Received) -> Response | None:
        begun.set()
        await released.wait()
        return None

    async with receiving(answer=hang) as slow:
        await place.register(slow)
        await place.register(receiver)
        await place.sender.drain()
        await place.changes("P1", "P2", "P3")
        await place.sender.start_due()
        await begun.wait()
        while len(receiver.taken) < 3:
            await asyncio.sleep(0.01)
        assert slow.taken == []
        released.set()
        await place.sender.drain()
        assert len(slow.taken) == 3


async def test_a_withdrawn_scope_withdraws_what_waits(place: Place, receiver: Receiver) -> None:
    receiver.status = 503
    await place.register(receiver)
    await place.changes("P1")
    await place.sender.drain()
    receiver.status = 204
    await place.stage.run("update clients set scopes = '{webhooks:manage}' where id = 'shop'")
    await place.drain_for(hours=1)
    assert receiver.taken == []
    assert await place.stage.rows("select state from webhook_deliveries") == [("WITHDRAWN",)]


async def test_a_gap_in_the_feed_is_stated(place: Place, receiver: Receiver) -> None:
    webhook = await place.register(receiver)
    await place.changes("P0")
    await place.sender.drain()
    async with place.operations() as done:
        await done.pause(webhook)
    await place.changes("P1", "P2")
    await place.stage.run("update feed set settled_at = now() - interval '40 days'")
    async with place.stage.database.write(CAUSE) as db:
        await sequence.expire(db, timedelta(days=30))
    await place.changes("P3")
    async with place.operations() as done:
        await done.resume(webhook)
    await place.sender.drain()
    assert sorted(each.json["type"] for each in receiver.taken) == ["gap", "payment.created", "payment.created"]
    gap = next(each.data for each in receiver.taken if each.json["type"] == "gap")
    assert (gap["system"], gap["from"], gap["to"], gap["reason"]) == ("fake", 1, 3, "CURSOR_EXPIRED")
    assert gap["snapshot"].startswith(f"{ISSUER}/bulk/fake?after=")


async def test_one_delivery_or_those_of_a_time_are_replayed(place: Place, receiver: Receiver) -> None:
    webhook = await place.register(receiver)
    times = []
    for name in ("P1", "P2", "P3"):
        await place.changes(name)
        await place.sender.drain()
        times.append(place.clock())
        place.clock.passes(hours=1)
    first, second, third = (each.id for each in receiver.taken)
    async with place.operations() as done:
        assert await done.replay(webhook, delivery=second) == 1
    await place.sender.drain()
    async with place.operations() as done:
        assert await done.replay(webhook, since=times[1], until=place.clock()) == 2
    await place.sender.drain()
    async with place.operations() as done:
        assert await done.replay(webhook, until=times[1]) == 1
    await place.sender.drain()
    replayed = [each.id for each in receiver.taken[3:]]
    # Deliveries of different subjects are sent side by side: those of one replay arrive in any order.
    assert (replayed[0], set(replayed[1:3]), replayed[3:]) == (second, {second, third}, [first])
    assert {each.id for each in receiver.once} == {first, second, third}


async def test_a_full_cloud_event_has_what_the_feed_tells(place: Place, receiver: Receiver) -> None:
    await place.register(receiver, content=WebhookContent.FULL, format=WebhookFormat.CLOUDEVENTS)
    await place.changes("P1")
    await place.sender.drain()
    (got,) = receiver.taken
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    event = got.json
    assert (event["specversion"], event["id"], event["subject"]) == ("1.0", got.id, "payment/P1")
    assert event["data"]["after"]["amount.amount"] == "1000.00"
    assert b"Uji Coba" not in got.body


async def test_the_rate_of_an_endpoint_is_kept(place: Place, receiver: Receiver) -> None:
    await place.register(receiver, per_minute=60)
    await place.sender.drain()
    place.clock.passes(minutes=1)
    await place.changes(*(f"P{number}" for number in range(20)))
    await place.sender.drain()
    at_once = len(receiver.taken)
    assert at_once <= 6
    place.clock.passes(seconds=10)
    await place.sender.drain()
    assert at_once < len(receiver.taken) <= at_once + 6 + 5


def verify_ed25519(public: str, got: Received) -> bool:
    """Verify by the specification, with the public key as its receiver has it."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    content = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    found = [each[4:] for each in got.headers["webhook-signature"].split(" ") if each.startswith("v1a,")]
    for signature in found:
        with contextlib.suppress(InvalidSignature):
            key.verify(base64.b64decode(signature), content)
            return True
    return False
