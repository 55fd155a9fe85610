"""The one way out to other systems: one deadline a call, retries inside it, no redirects, no secrets in errors.

A call that is not idempotent and fails raises ``TryLater`` only where the other side surely did nothing:
no connection came about, HTTP 429, or HTTP 503 that says when to come again. Every other failure (no
answer, one cut off, 500, 502, 504, a bare 503, which gateways also say when they lost the one behind
them) may hide that it was taken, and is ``Unclear``.

Upstream URLs over plain HTTP are allowed on loopback only (contract L.4).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import ipaddress
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import stamina

from hub.errors import BadSetting, HubError, Refused, Stop, TryLater, Unclear, Unfit

RETRIED = frozenset({429, 500, 502, 503, 504})
MAX_BODY = 32 * 1024 * 1024
KEPT_ALIVE = 2.0
"""Seconds a connection may rest: less than servers allow, so that nothing is sent on one that is just being closed."""
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)
_DEAD = frozenset({401, 403, 404, 410})
LONGEST_WAIT = 3600.0
"""Seconds that a system may ask for at most; one that asks for years would never be pulled again."""


class Http:
    """HTTP to one system.

    ``deadline`` bounds one call with all its retries, ``timeout`` one attempt, both in seconds. A
    request is retried only when the caller says it is idempotent. Answers other than 429, 500, 502, 503
    and 504 are the connector's to read; those raise once the deadline or the attempts are used up.
    """

    def __init__(
        self, base_url: str, *, deadline: float = 30.0, timeout: float = 10.0, attempts: int = 4, wait: float = 0.2
    ) -> None:
        self._base = checked_url(base_url)
        self._deadline, self._attempts, self._wait = deadline, attempts, wait
        self._client = httpx.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=KEPT_ALIVE),
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
        **request: Any,
    ) -> httpx.Response:
        """One answer, or ``TryLater`` (``Unclear``, where it was sent and is not idempotent).

        ``headers`` may be a function, called anew for every attempt. ``request`` is what httpx takes:
        ``params``, ``content`` (bytes), ``json``, or ``files`` for a multipart form.
        """

        async def attempt() -> httpx.Response:
            fresh = headers() if callable(headers) else headers
            return await self._once(method, self._base + path, idempotent=idempotent, headers=fresh, **request)

        return await self._within_deadline(attempt, f"{method} {path}", idempotent=idempotent)

    def may_fetch(self, url: str, hosts: Collection[str] = ()) -> bool:
        """Whether ``url`` is on this system's own host and port, or over https on one of ``hosts``."""
        try:
            asked, own = httpx.URL(url), httpx.URL(self._base)
            port = asked.port
        except (httpx.InvalidURL, ValueError):
            return False
        if asked.userinfo:
            return False
        if (asked.scheme, asked.host, port) == (own.scheme, own.host, own.port):
            return True
        return asked.scheme == "https" and asked.host in hosts and port is None

    async def fetch(self, url: str, *, most: int) -> bytes:
        """The content of a file at an address the system told, at most ``most`` bytes; sent without any header of ours.

        ``Refused`` where the address has died (401, 403, 404, 410) or leads on, ``Unfit`` where the file is larger.
        Whether ``url`` may be asked at all is for the caller to know; it stands in no error, because it may be signed.
        """

        async def attempt() -> httpx.Response:
            return await self._once("GET", url, idempotent=True, most=most, wrong=Refused, larger=Unfit, shown="a file")

        answer = await self._within_deadline(attempt, "GET a file", idempotent=True)
        if answer.status_code in _DEAD:
            raise Refused(f"the address of the file has died (HTTP {answer.status_code})")
        if answer.status_code != 200:
            raise Refused(f"the file cannot be had (HTTP {answer.status_code})")
        return answer.content

    async def _within_deadline(
        self, attempt: Callable[[], Awaitable[httpx.Response]], call: str, *, idempotent: bool
    ) -> httpx.Response:
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
            kind = TryLater if idempotent else Unclear
            raise kind(f"no answer to {call} within {self._deadline:g} s") from None
        raise AssertionError("stamina either returns or raises")

    def _worth_waiting(self, error: Exception) -> bool | float:
        """Retry what may pass within the deadline; wait as long as the other side asked for, or back off."""
        if not isinstance(error, TryLater):
            return False
        if error.after is None:
            return True
        return error.after if error.after < self._deadline / 2 else False

    async def _once(
        self,
        method: str,
        url: str,
        *,
        idempotent: bool,
        most: int = MAX_BODY,
        wrong: type[HubError] = Stop,
        larger: type[HubError] = Stop,
        shown: str | None = None,
        **request: Any,
    ) -> httpx.Response:
        call = f"{method} {shown or url.removeprefix(self._base)}"
        try:
            async with self._client.stream(method, url, **request) as response:
                body = await _body(response, most)
        except httpx.HTTPError as error:
            kind = TryLater if idempotent or isinstance(error, _UNSENT) else Unclear
            raise kind(f"{call}: {type(error).__name__}") from None
        answer = _checked(_whole(response, body or b""), call, wrong, idempotent=idempotent)
        if body is None:
            raise (larger if idempotent else Unclear)(f"the answer to {call} is larger than {most} bytes")
        return answer


async def _body(response: httpx.Response, most: int) -> bytes | None:
    """What was answered; None where that is more than ``most`` bytes, or is announced to be: the rest is not read."""
    body, announced = bytearray(), response.headers.get("content-length", "")
    # Of what was packed, the announced length is another one than that of what it holds.
    if announced.isdecimal() and int(announced) > most and "content-encoding" not in response.headers:
        return None
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


def _whole(response: httpx.Response, body: bytes) -> httpx.Response:
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() != "content-encoding"]
    return httpx.Response(response.status_code, headers=headers, content=body, request=response.request)


def _checked(answer: httpx.Response, call: str, wrong: type[HubError], *, idempotent: bool) -> httpx.Response:
    """``answer``, unless it says to come again, that something broke, or to go elsewhere."""
    status = answer.status_code
    if status in RETRIED:
        after = retry_after(answer)
        refused = status == 429 or (status == 503 and after is not None)
        kind = TryLater if idempotent or refused else Unclear
        raise kind(f"{call}: HTTP {status}", after)
    if 300 <= status < 400:
        if not idempotent and status not in (307, 308):
            # "See other" is also what is said after a form was taken.
            raise Unclear(f"{call}: HTTP {status}")
        raise wrong(f"{call} answers with a redirect (HTTP {status}); set the final URL")
    return answer


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
