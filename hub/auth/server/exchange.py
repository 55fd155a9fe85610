"""One request to the authorization server, in the shape Authlib's synchronous core reads, and what it works with.

The core runs in SQLAlchemy's greenlet (``AsyncConnection.run_sync``): inside of it ``wait`` gives
the result of any coroutine, so that the store has asynchronous statements only. No second
connection is taken while one is held, because a full pool would then wait for itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_
from starlette.responses import JSONResponse, Response

from hub.auth.keys import Signer
from hub.store.access.clients import Client
from hub.store.access.grants import Granted

T = TypeVar("T")


@dataclass(slots=True)
class Exchange:
    """What one request works with. ``jkt`` is the thumbprint of the key it proved to hold (RFC 9449).

    ``fetched`` says that keys which the client publishes were asked for.
    """

    db: AsyncConnection
    signer: Signer
    jkt: str | None = None
    claims: dict[str, Any] | None = None
    granted: Granted | None = None
    fetched: bool = False
    known: dict[str, Client | None] = field(default_factory=dict)


current: ContextVar[Exchange] = ContextVar("exchange")
"""The request that is being answered."""


def wait(awaitable: Awaitable[T]) -> T:
    """The result of a coroutine of the store, inside of the core."""
    return await_(awaitable)


class Parameters(OAuth2Payload):
    """The parameters of a request: those of its body or those of its query, never both (RFC 6749, 3.2)."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)
        self._first = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value, the first one where it may be repeated."""
        return self._first

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All values of each parameter."""
        return self._lists


class Asked(OAuth2Request):
    """A request as Authlib reads it; ``url`` is the endpoint's own, whatever the Host header said."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(method, url, headers=headers)
        self.payload = Parameters(pairs)
        self.pushed = False

    @property
    def args(self) -> dict[str, str]:
        """The parameters, for a GET."""
        return self.payload.data if self.method == "GET" else {}

    @property
    def form(self) -> dict[str, str]:
        """The parameters, for a POST."""
        return self.payload.data if self.method == "POST" else {}


class Reply(Response):
    """What the core answers. A redirect is a 303, which no browser turns into a second POST (RFC 9700, 4.12)."""

    @classmethod
    def of(cls, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Reply:
        """The reply to one of Authlib's triples."""
        told = JSONResponse(body).body if isinstance(body, dict) else body
        return cls(told, 303 if status == 302 else status, {**dict(headers), "Cache-Control": "no-store"})

    @property
    def location(self) -> str | None:
        """Where a redirect leads."""
        return self.headers.get("location")

    @location.setter
    def location(self, url: str) -> None:
        self.headers["location"] = url
