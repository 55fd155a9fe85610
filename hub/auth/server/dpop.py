"""Proofs of possession for tokens that are bound to a key: DPoP (RFC 9449)."""

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
from hub.auth.server import uris
from hub.auth.server.parameters import to_error_text
from hub.store.oauth import replay
from hub.store.secret_hashes import digest

ALGORITHMS = ("ES256", "PS256", "Ed25519")
"""Those of FAPI 2.0, 5.4.1; every client that can bind its tokens supports one of them."""
MAX_AHEAD, MAX_AGE = 10, 60
"""How many seconds a proof may be dated ahead of the hub's clock, or behind it."""
PRIVATE_PARAMETERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REGISTRY = jws.JWSRegistry(algorithms=[*ALGORITHMS])
# The header contains a public key, and an RSA key is longer than other headers.
_REGISTRY.max_header_length = 4096


class BadProof(OAuth2Error):
    """The proof is not valid; the description gives the reason."""

    error = "invalid_dpop_proof"

    def __init__(self, reason: str) -> None:
        super().__init__(to_error_text(f"The DPoP proof is refused: {reason}."))


@dataclass(frozen=True, slots=True)
class Proof:
    """A valid proof: the thumbprint of its key (RFC 7638), its id, and its date in Unix seconds."""

    jkt: str
    jti: str
    at: int

    async def use_once(self, db: AsyncConnection) -> bool:
        """Return whether the proof was not used before; ``db`` commits by itself, so a later failure keeps it used."""
        until = datetime.fromtimestamp(self.at + MAX_AGE + MAX_AHEAD, UTC)
        return await replay.record_first_use(db, digest("dpop", self.jkt, self.jti), until)


def from_request(request: Request, issuer: str, token: str | None = None) -> Proof | None:
    """Return the proof in a request for itself and ``token``, None without one; ``BadProof`` if it is not valid."""
    found = request.headers.getlist("dpop")
    if not found:
        return None
    if len(found) > 1:
        raise BadProof("there are several")
    return verify(found[0], request.method, issuer + request.url.path, token)


def verify(proof: str, method: str, url: str, token: str | None = None) -> Proof:
    """Make the checks of RFC 9449, 4.3, except for single use."""
    key = _read_key(proof)
    try:
        claims = jwt.decode(proof, key, algorithms=[*ALGORITHMS], registry=_REGISTRY).claims
    except JoseError as error:
        raise BadProof(error.description or error.error) from None
    except UNREADABLE:
        raise BadProof("it is not a JWT") from None
    jti, at = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 512:
        raise BadProof("jti is missing or too long")
    if claims.get("htm") != method or not _is_same_url(claims.get("htu"), url):
        raise BadProof(f"htm and htu must be {method} and {url}")
    now = time.time()
    if isinstance(at, bool) or not isinstance(at, int) or not now - MAX_AGE <= at <= now + MAX_AHEAD:
        raise BadProof(f"iat must be within {MAX_AGE} s of now; check the clock")
    if token is not None and not _is_token_hash(claims.get("ath"), token):
        raise BadProof("ath is not the hash of the access token")
    return Proof(key.thumbprint(), jti, at)


def _read_key(proof: str) -> Key:
    try:
        header: dict[str, Any] = jws.extract_compact(proof.encode(), registry=_REGISTRY).headers()
        jwk = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or header.get("alg") not in ALGORITHMS:
            raise BadProof(f"typ must be dpop+jwt and alg one of {', '.join(ALGORITHMS)}")
        if not isinstance(jwk, dict) or PRIVATE_PARAMETERS & jwk.keys():
            raise BadProof("the header has no jwk, or a private key")
        if is_weak(jwk):
            raise BadProof("its RSA key needs at least 2048 bits")
        key = import_key(jwk)
    except UNREADABLE:
        raise BadProof("it is not a JWT with a public key in its header") from None
    if not isinstance(key, ECKey | OKPKey | RSAKey):
        raise BadProof("its key is not asymmetric")
    return key


def _is_same_url(htu: object, url: str) -> bool:
    """Compare without query and fragment, and normalised, as RFC 9449, 4.3 requires."""
    return isinstance(htu, str) and uris.normalize(htu) == uris.normalize(url) is not None


def _is_token_hash(ath: object, token: str) -> bool:
    hashed = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    return isinstance(ath, str) and hmac.compare_digest(ath.encode(errors="replace"), hashed.encode())
