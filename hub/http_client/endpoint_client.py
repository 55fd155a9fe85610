"""Calls the endpoints of clients: public addresses only, no redirects, one attempt, limits of time and size.

The caller decides when to call again. No error repeats the URL or anything of the response.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from hub.http_client.call_spans import REQUEST_HOOKS, call_span, note_status
from hub.http_client.client import KEEPALIVE_SECONDS
from hub.http_client.public_addresses import AddressRefused, CheckedBackend, CheckedTransport, Resolve, resolve
from hub.http_client.response_body import CODING, Unreadable, read
from hub.http_client.retry_after import parse_retry_after

TIMEOUT = 10.0
"""Seconds that a call may take in all."""
MAX_ANSWER = 1_048_576
"""Bytes that a response may have."""
MAX_CONNECTIONS = 1_000
USER_AGENT = "hub-webhooks/1"


class CallFailed(Exception):
    """The endpoint gave no response that counts; the message is a sentence for its client."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. ``retry_after`` is the wait in seconds that it asks for."""

    status: int
    headers: httpx.Headers
    body: bytes
    retry_after: float | None


class EndpointClient:
    """HTTP to the endpoints of clients; with ``loopback``, for development, also to those on this machine.

    Connections of different endpoints do not wait for each other.
    """

    def __init__(self, *, loopback: bool = False, resolve: Resolve = resolve, timeout: float = TIMEOUT) -> None:
        limits = httpx.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE_SECONDS
        )
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            transport=CheckedTransport(CheckedBackend(loopback=loopback, resolve=resolve), limits),
            timeout=timeout,
            headers={"Accept-Encoding": CODING, "User-Agent": USER_AGENT},
            follow_redirects=False,
            trust_env=False,
            event_hooks=REQUEST_HOOKS,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """Send one request and return the response; raise ``CallFailed`` if there is none, or one that is too large."""
        try:
            # Without the host: a trace discloses nothing about a client's endpoint.
            with call_span(method) as span:
                async with (
                    asyncio.timeout(self._timeout),
                    self._client.stream(method, url, headers=headers, content=content) as response,
                ):
                    note_status(span, response)
                    body = await read(response, MAX_ANSWER)
        except (TimeoutError, httpx.TimeoutException):
            raise CallFailed(f"no response within {self._timeout:g} seconds") from None
        except Unreadable as error:
            raise CallFailed(f"the response {error}") from None
        # httpx builds the request of a redirect even if it does not follow it, and cannot encode every host.
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise CallFailed(_describe(error)) from None
        after = parse_retry_after(response.headers.get("retry-after"), dt.datetime.now(dt.UTC))
        return Answer(response.status_code, response.headers, body, after)


def _describe(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefused):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        # The reason of OpenSSL is a fixed text; a host's name would be in the rest.
        return "the certificate is not valid" if "CERTIFICATE_VERIFY_FAILED" in str(error) else "no connection"
    return f"no valid response ({type(error).__name__})"
