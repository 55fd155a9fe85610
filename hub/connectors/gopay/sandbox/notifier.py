"""Sends notifications to the hub as the provider does.

Contract gopay#notifications, gopay#classic-notification. Some are sent twice, or so late that a newer one
overtakes them. Without an answer of HTTP 2xx, a notification is repeated three times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from hub.connectors.gopay.sandbox.notifications import Notification
from hub.connectors.gopay.settings import GopaySettings, private_key
from hub.connectors.gopay.signing import dumped, notification_signature, timestamp
from hub.connectors.gopay.webhooks import CLASSIC, classic_signature
from hub.connectors.sandbox_calls import HubCalls

RETRY_DELAYS = (0.5, 2.0, 10.0)
"""Seconds before each repetition; the provider itself waits half an hour, six and twelve hours."""
TIMEOUT = 5.0


class Notifier(HubCalls):
    """Sends notifications while it is ``open``; ``sent`` counts their outcomes."""

    def __init__(self, settings: GopaySettings, rng: Random) -> None:
        super().__init__(TIMEOUT)
        self._settings, self._rng = settings, rng

    @asynccontextmanager
    async def open(self, hub: str) -> AsyncIterator[None]:
        """Send notifications to the hub at ``hub``; send none if that is empty."""
        if hub:
            self._keys = (_key(self._settings), generate_private_key(65537, 2048))
        async with super().open(hub):
            yield

    def notify(self, notification: Notification) -> None:
        """Send a notification: one in six a second late, one in six twice."""
        late, twice = self._rng.random() < 1 / 6, self._rng.random() < 1 / 6
        self.send(notification, self._rng.uniform(0.5, 1.5) if late else 0.0)
        if twice:
            self.send(notification, self._rng.uniform(0.0, 0.5))

    def send(self, notification: Notification, after: float = 0.0) -> None:
        """Send a notification ``after`` so many seconds, until it is accepted or the attempts are used up."""
        self.start(lambda client: self._send_until_accepted(client, notification, after))

    async def _send_until_accepted(self, client: httpx.AsyncClient, notification: Notification, after: float) -> None:
        for pause in (after, *RETRY_DELAYS):
            await asyncio.sleep(pause)
            try:
                answer = await self._post(client, notification)
            except httpx.HTTPError:
                self.sent["unanswered"] += 1
                continue
            self.sent[f"{answer.status_code}"] += 1
            if answer.is_success or notification.forged:
                return
        self.sent["given up"] += 1

    async def _post(self, client: httpx.AsyncClient, notification: Notification) -> httpx.Response:
        path, genuine = f"/hooks/gopay/{notification.webhook}", not notification.forged
        if notification.webhook == CLASSIC:
            server_key = self._settings.server_key.get_secret_value() if genuine else "another key"
            names = ("order_id", "status_code", "gross_amount")
            order_id, code, amount = (str(notification.body[name]) for name in names)
            signature = classic_signature(order_id, code, amount, server_key)
            return await client.post(path, json={**notification.body, "signature_key": signature})
        content, at = dumped(notification.body), timestamp(datetime.now(UTC))
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": notification_signature(self._keys[notification.forged], "POST", path, content, at),
            "X-PARTNER-ID": self._settings.partner_id,
            "X-EXTERNAL-ID": notification.number,
            "CHANNEL-ID": self._settings.channel_id,
        }
        return await client.post(path, content=content, headers=headers)


def _key(settings: GopaySettings) -> RSAPrivateKey:
    """Return the private key for the hub's public key, from the file beside it."""
    return private_key(str(Path(settings.need("notify_public_key_file")).with_suffix(".pem")), "notify_public_key_file")
