"""The published keys of an outside issuer: fetched when they are needed, kept when the issuer is down."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key

from hub.connectors.http import Http
from hub.errors import Stop, TryLater

log = structlog.stdlib.get_logger(__name__)

AGE = 300.0
"""Seconds after which keys are asked for again, so that one which was withdrawn is forgotten."""
PATIENCE = 5.0
"""Seconds an issuer has to answer."""
MOST = 100
"""Keys one issuer may publish."""
UNREADABLE = (
    *(JoseError, SecurityWarning, ValueError, TypeError, LookupError),
    *(AttributeError, OverflowError, RecursionError),
)
"""What the library raises for what is no JWT or no key: it takes the shape of what is in there for granted."""
RSA_2048 = 342
"""Characters of a modulus of 2048 bits in base64url (RFC 7518, 6.3.1.1)."""


class Jwks:
    """The keys at ``uri``, fetched at most once in ``cooldown`` seconds, however many ask for one that is not there.

    Keys that are known serve while newer ones are fetched, and for as long as the issuer is down.
    """

    def __init__(self, uri: str, cooldown: float) -> None:
        self._uri, self._cooldown = uri, cooldown
        self._keys: dict[str, Key] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> Key | None:
        """The key ``kid``, or the only one where a token names none; ``TryLater`` when none was ever had."""
        found = self.known(kid)
        if found is None:
            self._fetch()
            if self._fetching:
                await asyncio.wait([self._fetching])
            found = self.known(kid)
        if not self._keys:
            raise TryLater("the keys of the token's issuer cannot be had", self._cooldown)
        return found

    def known(self, kid: str | None) -> Key | None:
        """The key, if it was fetched before; nothing is waited for."""
        if time.monotonic() - self._fetched_at > AGE:
            self._fetch()
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _fetch(self) -> None:
        """Begin to fetch, unless that was begun less than a cooldown ago."""
        now = time.monotonic()
        if now - self._asked_at >= self._cooldown and not (self._fetching and not self._fetching.done()):
            self._asked_at = now
            # A task of its own: whoever waits may go away, and the others still get the keys.
            self._fetching = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        try:
            async with Http(self._uri, deadline=PATIENCE, timeout=PATIENCE, attempts=1) as http:
                answer = await http.send("GET", "", idempotent=True, headers={"Accept": "application/json"})
            keys = usable(orjson.loads(answer.content)) if answer.is_success else {}
        except (TryLater, Stop, ValueError) as error:
            log.warning("the keys of an outside issuer were not had", uri=self._uri, reason=type(error).__name__)
            return
        if keys:
            # An empty set is taken for a mistake of theirs: forgetting every key would refuse everybody.
            self._keys, self._fetched_at = keys, time.monotonic()


def is_weak(jwk: dict[str, Any]) -> bool:
    """Whether it is a key of RSA with under 2048 bits, about which the library only warns (FAPI 2.0, 5.4.1)."""
    return jwk.get("kty") == "RSA" and len(str(jwk.get("n", ""))) < RSA_2048


def usable(jwks: Any) -> dict[str, Key]:
    """The public signing keys of a JWK Set by id (RFC 7517, 5: what is not understood is passed over)."""
    rows = jwks.get("keys") if isinstance(jwks, dict) else None
    found: dict[str, Key] = {}
    for row in rows[:MOST] if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") == "oct" or is_weak(row):
            continue
        try:
            found[str(row.get("kid", ""))] = JWKRegistry.import_key(row)
        except UNREADABLE:
            continue
    return found
