"""Signs client assertions (RFC 7523), to try private_key_jwt."""

from __future__ import annotations

import time
import uuid
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, import_key

from hub.auth.jwks import UNREADABLE
from hub.errors import BadSetting

LIFETIME = 60


def sign(jwk: dict[str, Any], client_id: str, issuer: str) -> str:
    """Return an assertion for the token endpoint of ``issuer``, signed with ``jwk``, valid for a minute."""
    try:
        key = import_key(jwk)
        alg = _algorithm(key)
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": uuid.uuid4().hex, "iat": now}
        header = {"alg": alg} | ({"kid": key.kid} if key.kid else {})
        return jwt.encode(header, {**claims, "exp": now + LIFETIME}, key, [alg])
    except UNREADABLE as error:
        raise BadSetting(f"The key is no private key as a JWK ({type(error).__name__}): see RFC 7517.") from None


def _algorithm(key: Key) -> str:
    if isinstance(key, OKPKey):
        return "Ed25519"
    if isinstance(key, ECKey):
        return "ES384" if key.curve_name == "P-384" else "ES256"
    return "PS256"
