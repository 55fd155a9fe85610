"""The sandbox's own calls: it sends notices to the hub as the provider does (contract B.6, B.7).

Now and then one is sent twice, or so late that a newer one overtakes it. What is not answered with
HTTP 2xx is sent again after a while, three times.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from hub.connectors.gopay.hooks import CLASSIC, classic_signature
from hub.connectors.gopay.sandbox_notices import Notice
from hub.connectors.gopay.settings import GopaySettings, private_key
from hub.connectors.gopay.signing import dumped, notice_signature, timestamp

AGAIN = (0.5, 2.0, 10.0)
"""Seconds until something is sent again; the provider itself waits half an hour, six and twelve hours."""
TIMEOUT = 5.0


class Notifier:
    """Sends notices while it is ``open``; ``sent`` counts what became of them."""

    def __init__(self, settings: GopaySettings, rng: Random) -> None:
        self._settings, self._rng = settings, rng
        self._sending: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self.sent: Counter[str] = Counter()

    @asynccontextmanager
    async def open(self, hub: str) -> AsyncIterator[None]:
        """Tell the hub at ``hub``; nobody, where that is empty."""
        if not hub:
            yield
            return
        self._keys = (_key(self._settings), generate_private_key(65537, 2048))
        async with httpx.AsyncClient(base_url=hub, timeout=TIMEOUT, trust_env=False) as self._client:
            yield
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
        self._client = None

    def tell(self, told: Notice) -> None:
        """Send it: now, and one in six a second later, one in six twice."""
        late, twice = self._rng.random() < 1 / 6, self._rng.random() < 1 / 6
        self.send(told, self._rng.uniform(0.5, 1.5) if late else 0.0)
        if twice:
            self.send(told, self._rng.uniform(0.0, 0.5))

    def send(self, told: Notice, after: float = 0.0) -> None:
        """Send it ``after`` so many seconds, until it is taken or it was sent as often as anything is."""
        if self._client is None:
            return
        task = asyncio.create_task(self._insist(self._client, told, after))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _insist(self, client: httpx.AsyncClient, told: Notice, after: float) -> None:
        for pause in (after, *AGAIN):
            await asyncio.sleep(pause)
            try:
                answer = await self._post(client, told)
            except httpx.HTTPError:
                self.sent["unanswered"] += 1
                continue
            self.sent[f"{answer.status_code}"] += 1
            if answer.is_success or told.forged:
                return
        self.sent["given up"] += 1

    async def _post(self, client: httpx.AsyncClient, told: Notice) -> httpx.Response:
        path, genuine = f"/hooks/gopay/{told.hook}", not told.forged
        if told.hook == CLASSIC:
            word = self._settings.server_key.get_secret_value() if genuine else "another key"
            order_id, code, amount = (str(told.body[name]) for name in ("order_id", "status_code", "gross_amount"))
            signature = classic_signature(order_id, code, amount, word)
            return await client.post(path, json={**told.body, "signature_key": signature})
        content, at = dumped(told.body), timestamp(datetime.now(UTC))
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": notice_signature(self._keys[told.forged], "POST", path, content, at),
            "X-PARTNER-ID": self._settings.partner_id,
            "X-EXTERNAL-ID": told.number,
            "CHANNEL-ID": self._settings.channel_id,
        }
        return await client.post(path, content=content, headers=headers)


def _key(settings: GopaySettings) -> RSAPrivateKey:
    """The private half of the key the hub checks with, which lies beside it where the sandbox made both."""
    return private_key(str(Path(settings.need("notify_public_key_file")).with_suffix(".pem")), "notify_public_key_file")
