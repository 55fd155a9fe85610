"""An endpoint of a client for tests: a real HTTP server that records what it gets and answers as a test configures."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.testing.serving import serve


@dataclass(frozen=True)
class Received:
    """A message as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]


def verify(secret: str, got: Received) -> None:
    """Check the signature by an implementation of others; its clock is not the one of the test."""
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(got.id, at, got.body.decode())
    assert expected in got.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """``secret`` verifies each message; ``status`` is the response; ``allows`` is the value of the consent."""

    url: str = ""
    secret: str | None = None
    status: int = 204
    allows: str | None = "*"
    signs: bool = False
    calls: list[Received] = field(default_factory=list)
    """Every call, whatever was answered."""
    taken: list[Received] = field(default_factory=list)
    """The messages that were answered with success."""
    asked: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[Received], Awaitable[Response | None]] | None = None
    """Answers instead of ``status``, unless it returns None."""

    @property
    def once(self) -> list[Received]:
        """The messages that a receiver keeps that ignores repeated ids, in order."""
        return list({each.id: each for each in reversed(self.taken)}.values())[::-1]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        response = self._consent(request) if request.method == "OPTIONS" else await self._message(request)
        await response(scope, receive, send)

    def _consent(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        if self.allows is None:
            return Response(status_code=405)
        return Response(status_code=200, headers={"WebHook-Allowed-Origin": self.allows})

    async def _message(self, request: Request) -> Response:
        got = Received(dict(request.headers), await request.body())
        if self.secret:
            verify(self.secret, got)
        if got.json["type"] == "webhook.challenge":
            return self._challenge(got)
        self.calls.append(got)
        response = await self.answer(got) if self.answer else None
        if response is None:
            response = Response(status_code=self.status)
        if response.status_code < 300:
            self.taken.append(got)
        return response

    def _challenge(self, got: Received) -> Response:
        if not self.signs or self.secret is None:
            return Response(status_code=404)
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        mac = hmac.digest(key, got.data["challenge"].encode(), "sha256")
        return JSONResponse({"signature": f"v1,{base64.b64encode(mac).decode()}"})


@contextlib.asynccontextmanager
async def receiving(**options: Any) -> AsyncIterator[Receiver]:
    """Serve an endpoint until the end of the block."""
    receiver = Receiver(**options)
    async with serve(receiver) as url:
        receiver.url = f"{url.rstrip('/')}/hook"
        yield receiver
