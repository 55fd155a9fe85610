"""Access tokens of the hub: JWTs with viewer, scopes and expiry (RFC 9068)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.jwk import ECKey

from hub.auth.jwks import UNREADABLE
from hub.auth.signing_keys import ALGORITHM, Signer, SigningKeys
from hub.store.oauth.clients import Client

LIFETIME = 600
"""The lifetime of an access token in seconds, unless its client has another one."""
CLOCK_SKEW = 10
"""How far two clocks may differ, in seconds."""
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
    """Return a signed access token for the hub itself. ``subject`` is a user's id, or the client's own.

    ``grant_id`` is the grant that the token comes from, ``jkt`` the thumbprint of the key that it is bound to (RFC
    9449, 6).
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


def is_client_valid(claims: dict[str, Any], client: Client | None) -> bool:
    """Return whether the client of a token exists, is not suspended, and is not a newer one with the same id."""
    if client is None or client.suspended_at:
        return False
    return bool(claims["iat"] + CLOCK_SKEW >= client.created_at.timestamp())


def header(signer: Signer) -> dict[str, str]:
    """Return the part of a JWT's header that names algorithm and key."""
    return {"alg": ALGORITHM, "kid": signer.kid}


class AccessTokens:
    """Verifies tokens that this hub issued. Revocation is checked elsewhere."""

    def __init__(self, keys: SigningKeys, issuer: str) -> None:
        self._keys, self._issuer = keys, issuer

    async def read(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token if its signature, type, issuer, audience and times are valid, else None."""
        kid = _kid(token)
        key = await self._keys.verifier(kid) if kid else None
        claims = _claims(token, key) if key else None
        return claims if claims is not None and self._is_current(claims) else None

    def _is_current(self, claims: dict[str, Any]) -> bool:
        now = time.time()
        times = claims.get("iat"), claims.get("exp")
        if not all(isinstance(at, int) and not isinstance(at, bool) for at in times):
            return False
        ours = claims.get("iss") == self._issuer and claims.get("aud") == self._issuer
        return ours and claims["iat"] <= now + CLOCK_SKEW and now < claims["exp"]


def _kid(token: str) -> str | None:
    """Return the key id in the token's header."""
    try:
        kid = jws.extract_compact(token.encode(errors="replace")).headers().get("kid")
    except UNREADABLE:
        return None
    return kid if isinstance(kid, str) else None


def _claims(token: str, key: ECKey) -> dict[str, Any] | None:
    """Return the claims of an access token that is signed with ``key``."""
    try:
        read = jwt.decode(token, key, algorithms=[ALGORITHM])
    except UNREADABLE:
        return None
    return read.claims if read.header.get("typ") == TYPE else None
