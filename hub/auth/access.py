"""Access tokens of the hub: JWTs that say who asks, for what, and until when (RFC 9068)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.jwk import ECKey

from hub.auth.jwks import UNREADABLE
from hub.auth.keys import ALGORITHM, Keys, Signer
from hub.store.access.clients import Client

LIFE = 600
"""Seconds an access token lives, unless its client has another number."""
EARLY = 10
"""Seconds our clocks may be apart."""
TYPE = "at+jwt"


def issue(
    signer: Signer,
    issuer: str,
    *,
    client_id: str,
    subject: str,
    scopes: Sequence[str],
    seconds: int,
    grant_id: UUID | None = None,
    jkt: str | None = None,
) -> str:
    """A signed access token for the hub itself. ``subject`` is a user's id, or the client's own.

    ``grant_id`` says which authorization it comes from, ``jkt`` which key it is bound to (RFC 9449, 6).
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": issuer,
        "client_id": client_id,
        "scope": " ".join(scopes),
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + seconds,
    }
    if grant_id:
        claims["gid"] = str(grant_id)
    if jkt:
        claims["cnf"] = {"jkt": jkt}
    return jwt.encode({"typ": TYPE, **header(signer)}, claims, signer.key, [ALGORITHM])


def stands(claims: dict[str, Any], client: Client | None) -> bool:
    """Whether the client a token was issued to is there, not suspended, and no later one of the same id."""
    if client is None or client.suspended_at:
        return False
    return bool(claims["iat"] + EARLY >= client.created_at.timestamp())


def header(signer: Signer) -> dict[str, str]:
    """The part of a JWT's header that names algorithm and key."""
    return {"alg": ALGORITHM, "kid": signer.kid}


class AccessTokens:
    """Reads tokens that this hub issued. Whether they were taken back since is another question."""

    def __init__(self, keys: Keys, issuer: str) -> None:
        self._keys, self._issuer = keys, issuer

    async def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token whose signature, type, issuer, audience and times hold; None for any other."""
        kid = _kid(token)
        key = await self._keys.verifier(kid) if kid else None
        claims = _claims(token, key) if key else None
        return claims if claims is not None and self._holds(claims) else None

    def _holds(self, claims: dict[str, Any]) -> bool:
        now = time.time()
        times = claims.get("iat"), claims.get("exp")
        if not all(isinstance(at, int) and not isinstance(at, bool) for at in times):
            return False
        ours = claims.get("iss") == self._issuer and claims.get("aud") == self._issuer
        return ours and claims["iat"] <= now + EARLY and now < claims["exp"]


def _kid(token: str) -> str | None:
    """The key that the token says it is signed with."""
    try:
        kid = jws.extract_compact(token.encode(errors="replace")).headers().get("kid")
    except UNREADABLE:
        return None
    return kid if isinstance(kid, str) else None


def _claims(token: str, key: ECKey) -> dict[str, Any] | None:
    """The claims of an access token that is signed with ``key``."""
    try:
        read = jwt.decode(token, key, algorithms=[ALGORITHM])
    except UNREADABLE:
        return None
    return read.claims if read.header.get("typ") == TYPE else None
