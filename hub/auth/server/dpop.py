"""Tokens bound to a key: proofs of possession, DPoP (RFC 9449)."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2 import OAuth2Error
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from hub.auth.jwks import UNREADABLE, is_weak
from hub.auth.server.parameters import said
from hub.store.access import once
from hub.store.digests import digest

ALGORITHMS = ("ES256", "PS256", "Ed25519")
"""Those of FAPI 2.0, 5.4.1; every client that can bind its tokens knows one of them."""
EARLY, LATE = 10, 60
"""Seconds a proof may be dated ahead of our clock, or behind it."""
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REGISTRY = jws.JWSRegistry(algorithms=[*ALGORITHMS])
# The header holds a public key, and one of RSA is longer than other headers are.
_REGISTRY.max_header_length = 4096


class BadProof(OAuth2Error):
    """The proof does not prove anything; the description says why."""

    error = "invalid_dpop_proof"

    def __init__(self, reason: str) -> None:
        super().__init__(said(f"The DPoP proof is refused: {reason}."))


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds: the thumbprint of its key (RFC 7638), its id, and its date in Unix seconds."""

    jkt: str
    jti: str
    at: int

    async def is_first(self, db: AsyncConnection) -> bool:
        """Whether this proof was not shown before; ``db`` commits by itself, so that a failure does not undo it."""
        until = datetime.fromtimestamp(self.at + LATE + EARLY, UTC)
        return await once.first_time(db, digest("dpop", self.jkt, self.jti), until)


def shown(request: Request, issuer: str, token: str | None = None) -> Proof | None:
    """The proof a request carries for itself and ``token``, if it carries one; ``BadProof`` if it does not hold."""
    found = request.headers.getlist("dpop")
    if not found:
        return None
    if len(found) > 1:
        raise BadProof("there are several")
    return read(found[0], request.method, issuer + request.url.path, token)


def read(proof: str, method: str, url: str, token: str | None = None) -> Proof:
    """The checks of RFC 9449, 4.3, but for the one whether it was shown before."""
    key = _key(proof)
    try:
        claims = jwt.decode(proof, key, algorithms=[*ALGORITHMS], registry=_REGISTRY).claims
    except JoseError as error:
        raise BadProof(error.description or error.error) from None
    except UNREADABLE:
        raise BadProof("it is no JWT") from None
    jti, at = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 512:
        raise BadProof("jti is missing or too long")
    if claims.get("htm") != method or not _same(claims.get("htu"), url):
        raise BadProof(f"htm and htu have to be {method} and {url}")
    now = time.time()
    if isinstance(at, bool) or not isinstance(at, int) or not now - LATE <= at <= now + EARLY:
        raise BadProof(f"iat has to be within {LATE} s of now; mind the clock")
    if token is not None and not _matches(claims.get("ath"), token):
        raise BadProof("ath is not the hash of the access token")
    return Proof(key.thumbprint(), jti, at)


def _key(proof: str) -> Key:
    try:
        header: dict[str, Any] = jws.extract_compact(proof.encode(), registry=_REGISTRY).headers()
        jwk = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or header.get("alg") not in ALGORITHMS:
            raise BadProof(f"typ has to be dpop+jwt and alg one of {', '.join(ALGORITHMS)}")
        if not isinstance(jwk, dict) or PRIVATE & jwk.keys():
            raise BadProof("the header has no jwk, or a private one")
        if is_weak(jwk):
            raise BadProof("its RSA key needs 2048 bits at least")
        key = import_key(jwk)
    except UNREADABLE:
        raise BadProof("it is no JWT with a public key in its header") from None
    if not isinstance(key, ECKey | OKPKey | RSAKey):
        raise BadProof("its key is not asymmetric")
    return key


def _same(told: object, url: str) -> bool:
    """Without query and fragment, which a proof may or may not repeat (RFC 9449, 4.3)."""
    return isinstance(told, str) and told.partition("?")[0].partition("#")[0] == url


def _matches(told: object, token: str) -> bool:
    hashed = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    return isinstance(told, str) and hmac.compare_digest(told.encode(errors="replace"), hashed.encode())
