"""Sends requests to other systems: a deadline for each call with retries inside it, no redirects, no secrets in errors.

A failed call that is not idempotent raises ``TryLater`` only if the other side certainly did nothing: no connection
was made, HTTP 429, or HTTP 503 with ``Retry-After``. After every other failure (no answer, an incomplete one, 500,
502, 504, or a 503 without ``Retry-After``, which gateways also send when they lose their upstream) the other side
may have accepted it, and the call raises ``OutcomeUnknown``.

Upstream URLs over plain HTTP are allowed on loopback only (contract shared#transport).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

import httpx
import stamina

from hub.errors import ContractBroken, HubError, OutcomeUnknown, Refused, TryLater, UnsupportedFile
from hub.http_client.call_spans import REQUEST_HOOKS, call_span, note_status
from hub.http_client.response_body import CODING, TooLarge, Unreadable, json_of, read
from hub.http_client.retry_after import SharedWait, parse_retry_after
from hub.http_client.source_clock import SourceClock
from hub.http_client.urls import checked_url

MAX_BODY = 32 * 1024 * 1024
KEEPALIVE_SECONDS = 2.0
"""Seconds a connection may be idle: less than servers allow, so that no request meets one that is being closed."""
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)
_DEAD = frozenset({401, 403, 404, 410})
_OF_THE_REQUEST = frozenset({404, 410, 413})
"""Refusals that concern the request itself, even if a proxy sends them."""


class Http:
    """HTTP to one system.

    ``deadline`` bounds one call with all its retries, ``timeout`` one attempt, both in seconds. A
    request is retried only if the caller declares it idempotent. 429 and 5xx raise once the deadline or the attempts
    are used up; the connector reads all other answers. ``system`` is its name in traces.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float = 30.0,
        timeout: float | httpx.Timeout = 10.0,
        attempts: int = 4,
        wait: float = 0.2,
        system: str = "",
    ) -> None:
        self._base, self._system = checked_url(base_url), system
        self._deadline, self._attempts, self._wait = deadline, attempts, wait
        self._waits, self.clock = defaultdict[str, SharedWait](SharedWait), SourceClock()
        self._client = httpx.AsyncClient(
            timeout=timeout,
            headers={"Accept-Encoding": CODING},
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=KEEPALIVE_SECONDS),
            event_hooks=REQUEST_HOOKS,
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
        """Return the answer; raise ``TryLater``, or ``OutcomeUnknown`` if it was sent and is not idempotent.

        Raise ``ContractBroken`` for a redirect, for a refusal that is not in JSON, such as a firewall's page, and for
        a body that cannot be decompressed.

        ``headers`` may be a function, called anew for every attempt. ``request`` is what httpx takes:
        ``params``, ``content`` (bytes), ``json``, or ``files`` for a multipart form.
        """

        async def attempt() -> httpx.Response:
            await self._wait_turn(self._base, f"{method} {path}")
            fresh = headers() if callable(headers) else headers
            return await self._once(method, self._base + path, idempotent=idempotent, headers=fresh, **request)

        answer = await self._within_deadline(attempt, f"{method} {path}", idempotent=idempotent)
        if is_foreign(answer):
            kind = ContractBroken if idempotent else OutcomeUnknown
            raise kind(f"{method} {path}: {_describe_foreign(answer)}")
        return answer

    def is_allowed(self, url: str, hosts: Collection[str] = ()) -> bool:
        """Return whether ``url`` is on this system's own host and port, or over https on one of ``hosts``."""
        try:
            target, own = httpx.URL(url), httpx.URL(self._base)
            port = target.port
        except (httpx.InvalidURL, ValueError):
            return False
        if target.userinfo:
            return False
        if (target.scheme, target.host, port) == (own.scheme, own.host, own.port):
            return True
        return target.scheme == "https" and target.host in hosts and port is None

    async def fetch(self, url: str, *, most: int) -> bytes:
        """Return the content of a file at a URL from the system, at most ``most`` bytes; send no credentials.

        Raise ``Refused`` if the URL has expired (401, 403, 404, 410) or redirects, ``UnsupportedFile`` if the file is
        larger. The caller checks whether ``url`` is allowed. No error repeats it, because it may be signed.
        """

        async def attempt() -> httpx.Response:
            await self._wait_turn(url, "GET a file")
            return await self._once(
                "GET", url, idempotent=True, most=most, wrong=Refused, larger=UnsupportedFile, shown="a file"
            )

        answer = await self._within_deadline(attempt, "GET a file", idempotent=True)
        if answer.status_code in _DEAD:
            raise Refused(f"the URL of the file has expired (HTTP {answer.status_code})")
        if answer.status_code != 200:
            raise Refused(f"the file cannot be downloaded (HTTP {answer.status_code})")
        return answer.content

    async def _within_deadline(
        self, attempt: Callable[[], Awaitable[httpx.Response]], call: str, *, idempotent: bool
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(self._deadline):
                if not idempotent:
                    return await attempt()
                async for tried in stamina.retry_context(
                    on=self._retry_wait, attempts=self._attempts, timeout=self._deadline, wait_initial=self._wait
                ):
                    with tried:
                        return await attempt()
        except TimeoutError:
            kind = TryLater if idempotent else OutcomeUnknown
            raise kind(f"no answer to {call} within {self._deadline:g} s") from None
        raise AssertionError("stamina either returns or raises")

    async def _wait_turn(self, url: str, call: str) -> None:
        """Wait as long as the host required of another call; raise ``TryLater`` if that is too long for this one."""
        wait = self._waits[httpx.URL(url).host].left
        if wait >= self._deadline / 2:
            raise TryLater(f"{call}: the system requires a later call", wait)
        await asyncio.sleep(wait)

    def _retry_wait(self, error: Exception) -> bool | float:
        """Return whether to retry within the deadline, or the seconds that the other side requires before it."""
        if not isinstance(error, TryLater) or isinstance(error, ContractBroken):
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
        wrong: type[HubError] = ContractBroken,
        larger: type[HubError] = ContractBroken,
        shown: str | None = None,
        **request: Any,
    ) -> httpx.Response:
        call = f"{method} {shown or url.removeprefix(self._base)}"
        sent, body, unread = dt.datetime.now(dt.UTC), b"", None
        try:
            with call_span(method, system=self._system, url=url) as span:
                async with self._client.stream(method, url, **request) as response:
                    note_status(span, response)
                    self._note_clock(response, sent)
                    try:
                        body = await read(response, most)
                    except Unreadable as error:
                        unread = error
        # httpx builds the request of a redirect even if it does not follow it, and cannot encode every host.
        except (httpx.HTTPError, UnicodeError) as error:
            kind = TryLater if idempotent or isinstance(error, _UNSENT) else OutcomeUnknown
            raise kind(f"{call}: {type(error).__name__}") from None
        try:
            answer = _checked(_whole(response, body), call, wrong, idempotent=idempotent)
        except TryLater as error:
            self._waits[httpx.URL(url).host].note(error)
            raise
        if unread:
            error_type = larger if isinstance(unread, TooLarge) else wrong
            raise (error_type if idempotent else OutcomeUnknown)(f"the answer to {call} {unread}")
        return answer

    def _note_clock(self, response: httpx.Response, sent: dt.datetime) -> None:
        """Note the clock of the system; a file may be on another host, whose clock does not matter."""
        if response.url.host == httpx.URL(self._base).host:
            self.clock.note(response.headers.get("date"), sent, dt.datetime.now(dt.UTC))


def _whole(response: httpx.Response, body: bytes) -> httpx.Response:
    """Return the answer with its decompressed body. Headers stay bytes: httpx detects their encoding."""
    headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
    return httpx.Response(response.status_code, headers=headers, content=body, request=response.request)


def is_foreign(answer: httpx.Response) -> bool:
    """Return whether a refusal comes from a proxy or firewall: the system's own are JSON objects."""
    if not 400 <= answer.status_code < 500 or answer.status_code in _OF_THE_REQUEST:
        return False
    try:
        return not isinstance(json_of(answer.content), dict)
    except Unreadable:
        return True


def _describe_foreign(answer: httpx.Response) -> str:
    sort = re.sub(r"[^\w/+.-].*", "", answer.headers.get("content-type", ""))[:60] or "no type"
    return f"HTTP {answer.status_code} that is not from the system ({sort}) but from a firewall or proxy before it"


def _checked(answer: httpx.Response, call: str, wrong: type[HubError], *, idempotent: bool) -> httpx.Response:
    """Return ``answer``; raise for 429, 5xx and redirects."""
    status = answer.status_code
    if status == 429 or status >= 500:
        after = _retry_after(answer)
        refused = status == 429 or (status == 503 and after is not None)
        kind = TryLater if idempotent or refused else OutcomeUnknown
        raise kind(f"{call}: HTTP {status}", after, notice=status == 503 and _is_page(answer))
    if 300 <= status < 400:
        if not idempotent and status not in (307, 308):
            # "See other" is also the answer to an accepted form.
            raise OutcomeUnknown(f"{call}: HTTP {status}")
        raise wrong(f"{call} answers with a redirect (HTTP {status}); set the final URL")
    return answer


def _is_page(answer: httpx.Response) -> bool:
    return str(answer.headers.get("content-type", "")).startswith("text/html")


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds in ``Retry-After`` (RFC 9110, 10.2.3)."""
    return parse_retry_after(response.headers.get("retry-after"), dt.datetime.now(dt.UTC))
