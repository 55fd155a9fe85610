"""The published keys of another issuer: fetched on demand, and used while the issuer is unavailable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key

from hub.errors import ConfigurationError, TryLater
from hub.http_client import Http
from hub.http_client.response_body import json_of

log = structlog.stdlib.get_logger(__name__)

MAX_AGE = 300.0
"""Seconds after which keys are fetched again, so that a withdrawn key is dropped."""
TIMEOUT = 5.0
"""Seconds that an issuer has to respond."""
MAX_KEYS = 100
"""The number of keys that one issuer may publish."""
UNREADABLE = (
    *(JoseError, SecurityWarning, ValueError, TypeError, LookupError),
    *(AttributeError, OverflowError, RecursionError),
)
"""What the library raises for malformed JWTs and keys, whose structure it does not check."""
MIN_RSA_MODULUS = 342
"""Characters of a modulus of 2048 bits in base64url (RFC 7518, 6.3.1.1)."""


class Jwks:
    """The keys at ``uri``, fetched at most once in ``cooldown`` seconds.

    Known keys are used while newer ones are fetched, and as long as the issuer is unavailable.
    """

    def __init__(self, uri: str, cooldown: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._uri, self._cooldown, self._clock = uri, cooldown, clock
        self._keys: dict[str, Key] = {}
        self._fetched_at = self._requested_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> Key | None:
        """Return the key ``kid``, or the only key if ``kid`` is None; ``TryLater`` if no key was ever fetched."""
        found = self.known(kid)
        if found is None:
            self._start_fetch()
            if self._fetching:
                await asyncio.wait([self._fetching])
            found = self.known(kid)
        if not self._keys:
            raise TryLater("the keys of the token's issuer are not available", self._cooldown)
        return found

    def known(self, kid: str | None) -> Key | None:
        """Return the key if it was fetched before; does not wait."""
        if self._clock() - self._fetched_at > MAX_AGE:
            self._start_fetch()
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _start_fetch(self) -> None:
        """Start fetching, unless that was started less than a cooldown ago."""
        now = self._clock()
        if now - self._requested_at >= self._cooldown and not (self._fetching and not self._fetching.done()):
            self._requested_at = now
            # A separate task: cancelling one waiting request must not cancel it for the others.
            self._fetching = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        try:
            async with Http(self._uri, deadline=TIMEOUT, timeout=TIMEOUT, attempts=1) as http:
                response = await http.send("GET", "", idempotent=True, headers={"Accept": "application/json"})
            keys = usable_keys(json_of(response.content)) if response.is_success else {}
        except (TryLater, ConfigurationError, ValueError) as error:
            log.warning("jwks fetch failed", uri=self._uri, reason=type(error).__name__)
            return
        if keys:
            # An empty set is treated as a mistake of the issuer: dropping all keys would refuse every token.
            self._keys, self._fetched_at = keys, self._clock()


def is_weak(jwk: dict[str, Any]) -> bool:
    """Return whether it is an RSA key below 2048 bits, about which the library only warns (FAPI 2.0, 5.4.1)."""
    return jwk.get("kty") == "RSA" and len(str(jwk.get("n", ""))) < MIN_RSA_MODULUS


def usable_keys(jwks: Any) -> dict[str, Key]:
    """Return the public signing keys of a JWK Set by id; keys that are not understood are ignored (RFC 7517, 5)."""
    rows = jwks.get("keys") if isinstance(jwks, dict) else None
    found: dict[str, Key] = {}
    for row in rows[:MAX_KEYS] if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") == "oct" or is_weak(row):
            continue
        try:
            found[str(row.get("kid", ""))] = JWKRegistry.import_key(row)
        except UNREADABLE:
            continue
    return found
