"""One request to the authorization server, in the shape of Authlib's synchronous core, with its database connection.

The core runs in SQLAlchemy's greenlet (``AsyncConnection.run_sync``). Inside of it ``await_result`` returns the result
of any coroutine, so that the store needs asynchronous statements only. A request never takes a second connection,
because with a full pool it would wait for itself.
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

from hub.auth.signing_keys import Signer
from hub.store.oauth.clients import Client
from hub.store.oauth.grants import GrantDetails

T = TypeVar("T")


@dataclass(slots=True)
class RequestContext:
    """The context of one request. ``jkt`` is the thumbprint of the key that it proved to have (RFC 9449).

    ``keys_fetched``: the client's published keys were fetched for this request.
    """

    db: AsyncConnection
    signer: Signer
    jkt: str | None = None
    claims: dict[str, Any] | None = None
    granted: GrantDetails | None = None
    keys_fetched: bool = False
    clients: dict[str, Client | None] = field(default_factory=dict)


current: ContextVar[RequestContext] = ContextVar("exchange")
"""The context of the current request."""


def await_result(awaitable: Awaitable[T]) -> T:
    """Return the result of a coroutine of the store, inside of the core."""
    return await_(awaitable)


class Parameters(OAuth2Payload):
    """The parameters of a request: of its body or of its query, never both (RFC 6749, 3.2)."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._lists.setdefault(name, []).append(value)
        self._first = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value, the first one if it is repeated."""
        return self._first

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All values of each parameter."""
        return self._lists


class OAuthRequest(OAuth2Request):
    """A request in Authlib's shape; ``url`` is that of the endpoint, independent of the Host header."""

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


class OAuthResponse(Response):
    """The core's response. A redirect is a 303, which a browser never repeats as a POST (RFC 9700, 4.12)."""

    @classmethod
    def from_authlib(cls, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> OAuthResponse:
        """Return the response for one of Authlib's triples."""
        content = JSONResponse(body).body if isinstance(body, dict) else body
        return cls(content, 303 if status == 302 else status, {**dict(headers), "Cache-Control": "no-store"})

    @property
    def location(self) -> str | None:
        """The target of a redirect."""
        return self.headers.get("location")

    @location.setter
    def location(self, url: str) -> None:
        self.headers["location"] = url
