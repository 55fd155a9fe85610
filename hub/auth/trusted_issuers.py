"""Verifies access tokens of other issuers, and maps their claims to scopes of the hub.

The configuration describes how each issuer's tokens look (RFC 9068, or like Keycloak's default). A token cannot choose
any of it, and no URL in its header or claims is ever fetched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry

from hub.auth.issuer_config import IssuerRow
from hub.auth.jwks import UNREADABLE, Jwks
from hub.errors import HubError
from hub.messages import Bilingual
from hub.viewer import ViewerKind

CLOCK_SKEW = 10
"""Seconds that the issuer's clock may be ahead (FAPI 2.0 Security Profile, 5.3.2.1)."""
MAX_TOKEN_LENGTH = 16_384
"""The maximum length of a token."""


class InvalidToken(HubError):
    """The token is not accepted. The message is suitable as ``error_description`` and contains no claim."""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A verified token of another issuer.

    ``subject`` and ``client`` are identifiers of the issuer, unique only together with ``issuer``; ``partner`` is the
    client's name within the hub; ``channels`` are those by which it may submit complaints. ``expires_at`` is in Unix
    seconds.
    """

    issuer: str
    subject: str
    client: str
    partner: str
    scopes: frozenset[str]
    kind: ViewerKind
    expires_at: float
    jkt: str | None = None
    channels: tuple[str, ...] = ()


class TrustedIssuers:
    """The trusted issuers of access tokens; ``clock`` gives the seconds for the age of their keys."""

    def __init__(self, rows: Sequence[IssuerRow], clock: Callable[[], float] = time.monotonic) -> None:
        self._rows = {row.issuer: (row, Jwks(row.jwks_uri, row.cooldown, clock)) for row in rows}

    def __contains__(self, issuer: object) -> bool:
        return isinstance(issuer, str) and issuer in self._rows

    async def verify(self, token: str) -> VerifiedToken:
        """Verify ``token``; ``InvalidToken``, or ``TryLater`` as long as no key of its issuer was ever fetched."""
        header, claims = decode_unverified(token)
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._rows:
            raise InvalidToken(Bilingual("The token's issuer is not trusted.", "Penerbit token tidak dipercaya."))
        row, keys = self._rows[issuer]
        _check_type(row, header)
        return _to_verified_token(
            row, await verify_claims(token, header, keys, row.algorithms, row.issuer, row.audience)
        )


def decode_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT without verifying it, to find the issuer; ``InvalidToken`` if malformed."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken(Bilingual("The token is too long.", "Token terlalu panjang."))
    try:
        jwt_parts = jws.extract_compact(token.encode("ascii"))
        claims = orjson.loads(jwt_parts.payload)
    except UNREADABLE:
        raise InvalidToken(Bilingual("The token is no signed JWT.", "Token bukan JWT yang ditandatangani.")) from None
    if not isinstance(claims, dict):
        raise InvalidToken(Bilingual("The token contains no claims.", "Token tidak berisi klaim."))
    return jwt_parts.headers(), claims


async def verify_claims(
    token: str, header: dict[str, Any], keys: Jwks, algorithms: Sequence[str], issuer: str, audience: str
) -> dict[str, Any]:
    """Return the claims if signature, issuer, audience and times are valid; ``InvalidToken`` otherwise."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in algorithms:
        raise InvalidToken(
            Bilingual(
                "The token's algorithm is not one that its issuer uses.",
                "Algoritma token bukan yang dipakai penerbitnya.",
            )
        )
    key = await keys.find(str(kid) if kid is not None else None)
    if key is None:
        raise InvalidToken(
            Bilingual("The token's key is not one of its issuer.", "Kunci token bukan milik penerbitnya.")
        )
    claims = _verify_signature(token, key, str(algorithm))
    rules = JWTClaimsRegistry(
        leeway=CLOCK_SKEW,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise InvalidToken(
            Bilingual(f"The token's claims are not valid ({error.error}).", f"Klaim token tidak sah ({error.error}).")
        ) from None
    # The leeway is for clocks that are ahead; it does not extend the lifetime of a token.
    if claims["exp"] <= time.time():
        raise InvalidToken(Bilingual("The token has expired.", "Token sudah kedaluwarsa."))
    if not _is_name(claims["sub"]):
        raise InvalidToken(Bilingual("The token's subject is not valid.", "Subjek token tidak sah."))
    return claims


def _is_name(value: object) -> bool:
    """Return whether it can identify a subject or client in database and log (OpenID Connect Core, 2, ``sub``)."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and 0 < len(value) <= 255


def _verify_signature(token: str, key: Key, algorithm: str) -> dict[str, Any]:
    try:
        # Only the algorithm of this token is allowed: the key must not choose it.
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except UNREADABLE:
        raise InvalidToken(Bilingual("The token's signature is not valid.", "Tanda tangan token tidak sah.")) from None


def _check_type(row: IssuerRow, header: dict[str, Any]) -> None:
    type_ = str(header.get("typ", "")).lower().removeprefix("application/")
    if type_ != row.type.lower():
        raise InvalidToken(Bilingual(f"The token's type is not {row.type}.", f"Jenis token bukan {row.type}."))


def _to_verified_token(row: IssuerRow, claims: dict[str, Any]) -> VerifiedToken:
    if any(claims.get(name) != value for name, value in row.marks.items()):
        raise InvalidToken(Bilingual("The token is not an access token.", "Token bukan token akses."))
    client = claims.get(row.client_claim)
    if not isinstance(client, str) or not _is_name(client):
        raise InvalidToken(
            Bilingual(
                f"The token does not name its client in {row.client_claim}.",
                f"Token tidak menyebut kliennya di {row.client_claim}.",
            )
        )
    values = {value for path in row.scope_claims for value in _scope_values(_claim_at(claims, path))}
    return VerifiedToken(
        issuer=row.issuer,
        subject=claims["sub"],
        client=client,
        # Ids of the hub's own clients contain no colon, so this name cannot equal one of them.
        partner=f"{row.name}:{client}",
        scopes=frozenset(scope for value in values for scope in row.scopes.get(value, ())),
        kind=row.viewer_kind,
        expires_at=float(claims["exp"]),
        jkt=_key_thumbprint(claims),
        channels=row.channels,
    )


def _key_thumbprint(claims: dict[str, Any]) -> str | None:
    """Return the key that the token is bound to (RFC 9449, 6.1); ``InvalidToken`` for a binding of another kind."""
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or set(confirmation) != {"jkt"} or not isinstance(confirmation["jkt"], str):
        raise InvalidToken(
            Bilingual(
                "The token is bound in a way that is not supported here.",
                "Token terikat dengan cara yang tidak didukung di sini.",
            )
        )
    return confirmation["jkt"]


def _scope_values(claim: object) -> list[str]:
    if isinstance(claim, str):
        return claim.split()
    return [value for value in claim if isinstance(value, str)] if isinstance(claim, list) else []


def _claim_at(claims: object, path: str) -> object:
    """Return the claim at ``path``; a claim whose own name contains dots comes first."""
    if not isinstance(claims, dict):
        return None
    if path in claims:
        return claims[path]
    first, _, rest = path.partition(".")
    return _claim_at(claims.get(first), rest) if rest else None
