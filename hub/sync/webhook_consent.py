"""Asks the endpoint of a webhook whether it agrees to be called, before the first delivery.

Either by the handshake of CloudEvents' "HTTP 1.1 Web Hooks": ``OPTIONS`` with ``WebHook-Request-Origin``, answered with
``WebHook-Allowed-Origin``; or by a challenge that the endpoint signs with the webhook's secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from hub.http_client.endpoint_client import Answer, CallFailed, EndpointClient
from hub.http_client.response_body import Unreadable, json_of
from hub.store.webhooks.endpoints import Webhook
from hub.store.webhooks.signatures import SigningSecrets

CHALLENGE = "webhook.challenge"


class NotAgreed(Exception):
    """The endpoint did not agree; the message is a sentence for its client."""


async def ask(
    http: EndpointClient, webhook: Webhook, signing: SigningSecrets, issuer: str, now: datetime
) -> int | None:
    """Return how many calls a minute the endpoint allows, None for any number; raise ``NotAgreed``."""
    origin = urlsplit(issuer).hostname or issuer
    request = {"WebHook-Request-Origin": origin, "WebHook-Request-Rate": str(webhook.per_minute)}
    try:
        answer = await http.call("OPTIONS", webhook.url, request)
        if _allows(answer, origin):
            return _rate(answer)
        await _challenge(http, webhook, signing, now)
    except CallFailed as failed:
        raise NotAgreed(str(failed)) from None
    return None


def _allows(answer: Answer, origin: str) -> bool:
    allowed = answer.headers.get("webhook-allowed-origin", "")
    names = {each.strip().lower() for each in allowed.split(",")}
    return 200 <= answer.status < 300 and not names.isdisjoint({origin.lower(), "*"})


def _rate(answer: Answer) -> int | None:
    rate = answer.headers.get("webhook-allowed-rate", "")
    return max(1, int(rate)) if rate.isascii() and rate.isdigit() and len(rate) < 9 else None


async def _challenge(http: EndpointClient, webhook: Webhook, signing: SigningSecrets, now: datetime) -> None:
    """Let the endpoint sign a random text, which proves that it has the secret and expects the calls."""
    challenge = secrets.token_urlsafe(32)
    body = orjson.dumps({"type": CHALLENGE, "timestamp": now, "data": {"challenge": challenge}})
    headers = signed_headers(signing, f"chl_{secrets.token_hex(16)}", now, body, "application/json")
    answer = await http.call("POST", webhook.url, headers, body)
    if not 200 <= answer.status < 300:
        raise NotAgreed(f"it neither allows the origin nor answers the challenge (HTTP {answer.status})")
    try:
        content = json_of(answer.body)
    except Unreadable:
        content = None
    signature = content.get("signature") if isinstance(content, dict) else None
    if not isinstance(signature, str) or not signing.proves(challenge, signature):
        raise NotAgreed("it neither allows the origin nor signs the challenge with the secret")


def signed_headers(
    signing: SigningSecrets, message_id: str, now: datetime, body: bytes, content_type: str
) -> Mapping[str, str]:
    """Return the headers of a signed message."""
    return {
        "Content-Type": content_type,
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": signing.sign(message_id, now, body),
    }
