"""Calls of a sandbox to the hub, in the background."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx

from hub.concurrency import cancel_and_wait


class HubCalls:
    """Runs calls while it is ``open``; ``sent`` counts their outcomes. A call may take ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        self.sent: Counter[str] = Counter()
        self._timeout = timeout
        self._sending: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def open(self, hub: str) -> AsyncIterator[None]:
        """Send calls to the hub at ``hub``; send none if that is empty."""
        if not hub:
            yield
            return
        async with httpx.AsyncClient(base_url=hub, timeout=self._timeout, trust_env=False) as self._client:
            try:
                yield
            finally:
                await cancel_and_wait(self._sending)
                self._client = None

    def start(self, send: Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]) -> None:
        """Start ``send`` with a client; do nothing if no hub is called."""
        if self._client is None:
            return
        task = asyncio.create_task(send(self._client))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
