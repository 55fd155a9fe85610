"""The one way out to other systems: one deadline a call, retries inside it, no redirects, no secrets in errors.

Upstream URLs over plain HTTP are allowed on loopback only (contract L.4).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import ipaddress
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import stamina

from hub.errors import BadSetting, Stop, TryLater

RETRIED = frozenset({429, 500, 502, 503, 504})
MAX_BODY = 32 * 1024 * 1024
LONGEST_WAIT = 3600.0
"""Seconds that a system may ask for at most; one that asks for years would never be pulled again."""


class Http:
    """HTTP to one system.

    ``deadline`` bounds one call with all its retries, ``timeout`` one attempt, both in seconds. A
    request is retried only when the caller says it is idempotent. Answers other than 429 and 5xx
    are the connector's to read; those raise ``TryLater`` once the deadline or the attempts are used up.
    """

    def __init__(
        self, base_url: str, *, deadline: float = 30.0, timeout: float = 10.0, attempts: int = 4, wait: float = 0.2
    ) -> None:
        self._base = checked_url(base_url)
        self._deadline, self._attempts, self._wait = deadline, attempts, wait
        self._client = httpx.AsyncClient(
            timeout=timeout, follow_redirects=False, trust_env=False, limits=httpx.Limits(max_connections=8)
        )

    @property
    def base_path(self) -> str:
        """The path part of the base URL, without a slash at the end (some signatures cover it)."""
        return httpx.URL(self._base).path.rstrip("/")

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def send(
        self,
        method: str,
        path: str,
        *,
        idempotent: bool,
        headers: Callable[[], Mapping[str, str]] | Mapping[str, str] = MappingProxyType({}),
        params: Mapping[str, Any] | list[tuple[str, Any]] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One answer, or ``TryLater``. ``headers`` may be a function, called anew for every attempt."""

        async def attempt() -> httpx.Response:
            fresh = headers() if callable(headers) else headers
            return await self._once(method, path, headers=fresh, params=params, content=content)

        try:
            async with asyncio.timeout(self._deadline):
                if not idempotent:
                    return await attempt()
                async for tried in stamina.retry_context(
                    on=self._worth_waiting, attempts=self._attempts, timeout=self._deadline, wait_initial=self._wait
                ):
                    with tried:
                        return await attempt()
        except TimeoutError:
            raise TryLater(f"no answer to {method} {path} within {self._deadline:g} s") from None
        raise AssertionError("stamina either returns or raises")

    def _worth_waiting(self, error: Exception) -> bool | float:
        """Retry what may pass within the deadline; wait as long as the other side asked for, or back off."""
        if not isinstance(error, TryLater):
            return False
        if error.after is None:
            return True
        return error.after if error.after < self._deadline / 2 else False

    async def _once(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            async with self._client.stream(method, self._base + path, **request) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_BODY:
                        raise Stop(f"the answer to {method} {path} is larger than {MAX_BODY} bytes")
                whole = httpx.Response(
                    response.status_code,
                    headers=[(k, v) for k, v in response.headers.multi_items() if k.lower() != "content-encoding"],
                    content=bytes(body),
                    request=response.request,
                )
        except httpx.HTTPError as error:
            raise TryLater(f"{method} {path}: {type(error).__name__}") from None
        if whole.status_code in RETRIED:
            raise TryLater(f"{method} {path}: HTTP {whole.status_code}", retry_after(whole))
        if 300 <= whole.status_code < 400:
            raise Stop(f"{method} {path} answers with a redirect (HTTP {whole.status_code}); set the final URL")
        return whole


def checked_url(url: str) -> str:
    """``url`` without a slash at the end; plain HTTP is refused off loopback."""
    parsed = httpx.URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise BadSetting(f"{url!r} is not an http(s) URL")
    if parsed.scheme == "http" and not _loopback(parsed.host):
        raise BadSetting(f"{parsed.host} must be reached over https; plain http is for loopback only")
    return url.rstrip("/")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(response: httpx.Response) -> float | None:
    """Seconds asked for by ``Retry-After``, which is seconds or an HTTP date (RFC 9110, 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return min(max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds()), LONGEST_WAIT)
