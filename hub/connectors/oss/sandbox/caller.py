"""Calls the hub as OSS does (contract oss#transport, oss#calls).

A call that is not answered is repeated, and now and then one that was. An answer with ``status: "2"`` is a refusal,
which is not repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from hub.connectors.oss.sandbox.credentials import Credentials
from hub.connectors.oss.sandbox.documents import Json
from hub.connectors.sandbox_calls import HubCalls
from hub.demo.months import JAKARTA

PATH = "/hooks/oss/receiveNIB"
RETRY_DELAYS = (0.5, 2.0, 10.0)
"""Seconds before each repetition of a call that was not answered."""
TIMEOUT = 30.0
AT_ONCE = 4
"""Calls that are on their way at the same time; others wait."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``signed`` is how: with ``nib`` or ``npwp``, ``yesterday`` for the day before, or ``wrong``."""

    data: Json
    signed: str = "nib"
    padding: int = 0
    """Bytes added to the body."""


class Caller(HubCalls):
    """Sends calls while it is ``open``, except while ``paused``; ``sent`` counts their outcomes."""

    def __init__(self, credentials: Credentials, now: Callable[[], datetime], paused: Callable[[], bool]) -> None:
        super().__init__(TIMEOUT)
        self._credentials, self._now, self._paused = credentials, now, paused
        self._free = asyncio.Semaphore(AT_ONCE)

    @property
    def waiting(self) -> int:
        """The number of calls without an outcome yet."""
        return len(self._sending)

    def send(self, *calls: Call) -> None:
        """Send calls one after the other, each until it is answered or its attempts are used up."""
        self.send_each(calls)

    def send_each(self, calls: Iterable[Call]) -> None:
        """Send calls as they come from an iterator, which several of these methods may share."""
        self.start(lambda client: self._send_all(client, calls))

    async def _send_all(self, client: httpx.AsyncClient, calls: Iterable[Call]) -> None:
        for call in calls:
            async with self._free:
                await self._send_until_answered(client, call)

    async def _send_until_answered(self, client: httpx.AsyncClient, call: Call) -> None:
        for pause in (0.0, *RETRY_DELAYS):
            await asyncio.sleep(pause)
            while self._paused():  # noqa: ASYNC110  (a fault is switched in many places)
                await asyncio.sleep(0.05)
            outcome = await self._outcome(client, call)
            self.sent[outcome] += 1
            if outcome in {"1", "2"} or call.signed == "wrong" or call.padding:
                return
        self.sent["given up"] += 1

    async def _outcome(self, client: httpx.AsyncClient, call: Call) -> str:
        """Return ``1`` or ``2`` as the hub answered, the HTTP status of another answer, or ``unanswered``."""
        body: dict[str, Any] = {"dataNIB": call.data, **({"padding": "x" * call.padding} if call.padding else {})}
        try:
            answer = await client.post(PATH, json=body, headers={"Token": self._token(call)})
        except httpx.HTTPError:
            return "unanswered"
        try:
            status = answer.json()["responreceiveNIB"]["status"]
        except (ValueError, KeyError, TypeError):
            return f"{answer.status_code}"
        return status if status in {"1", "2"} else f"{answer.status_code}"

    def _token(self, call: Call) -> str:
        day = self._now().astimezone(JAKARTA).date()
        if call.signed == "yesterday":
            day -= timedelta(days=1)
        number = call.data["npwp_perseroan" if call.signed == "npwp" else "nib"]
        return self._credentials.token("another" if call.signed == "wrong" else number, day)
