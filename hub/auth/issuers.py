"""Checks access tokens of outside issuers: who issued one, to whom, for whom, and what it is worth here.

The registry says how each issuer's tokens look (RFC 9068, or such as Keycloak's default); a token
chooses none of it, and no address in its header or claims is ever fetched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry

from hub.auth.jwks import UNREADABLE, Jwks
from hub.auth.registry import IssuerRow
from hub.errors import HubError
from hub.viewer import ViewerKind

LEEWAY = 10
"""Seconds the issuer's clock may be ahead of ours (FAPI 2.0 Security Profile, 5.3.2.1)."""
LONGEST = 16_384
"""Characters a token may have."""


class InvalidToken(HubError):
    """The token is not accepted. The message says why in words fit for ``error_description`` and holds no claim."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token of an outside issuer is worth.

    ``subject`` and ``client`` are names of the issuer's and mean nothing without ``issuer``;
    ``partner`` is the client's name in the whole hub. ``expires_at`` is in seconds since 1970.
    """

    issuer: str
    subject: str
    client: str
    partner: str
    scopes: frozenset[str]
    kind: ViewerKind
    expires_at: float
    jkt: str | None = None


class Issuers:
    """The outside issuers of access tokens."""

    def __init__(self, rows: Sequence[IssuerRow]) -> None:
        self._rows = {row.issuer: (row, Jwks(row.jwks_uri, row.cooldown)) for row in rows}

    def __contains__(self, issuer: object) -> bool:
        return isinstance(issuer, str) and issuer in self._rows

    async def verify(self, token: str) -> Verified:
        """What ``token`` is worth; ``InvalidToken``, or ``TryLater`` while no key of its issuer was ever had."""
        header, claims = unverified(token)
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._rows:
            raise InvalidToken("The token's issuer is not trusted.")
        row, keys = self._rows[issuer]
        _check_type(row, header)
        return _worth(row, await checked(token, header, keys, row.algorithms, row.issuer, row.audience))


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT as they stand there, to find out whose it is; ``InvalidToken`` when it is none."""
    if len(token) > LONGEST:
        raise InvalidToken("The token is too long.")
    try:
        told = jws.extract_compact(token.encode("ascii"))
        claims = orjson.loads(told.payload)
    except UNREADABLE:
        raise InvalidToken("The token is no signed JWT.") from None
    if not isinstance(claims, dict):
        raise InvalidToken("The token holds no claims.")
    return told.headers(), claims


async def checked(
    token: str, header: dict[str, Any], keys: Jwks, algorithms: Sequence[str], issuer: str, audience: str
) -> dict[str, Any]:
    """The claims, once signature, issuer, audience and times are right; ``InvalidToken`` otherwise."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in algorithms:
        raise InvalidToken("The token's algorithm is not one its issuer uses.")
    key = await keys.find(str(kid) if kid is not None else None)
    if key is None:
        raise InvalidToken("The token's key is not one of its issuer's.")
    claims = _signed(token, key, str(algorithm))
    rules = JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise InvalidToken(f"The token's claims are not right ({error.error}).") from None
    # The leeway is for a clock that is ahead: it makes no token last longer.
    if claims["exp"] <= time.time():
        raise InvalidToken("The token has expired.")
    if not _is_name(claims["sub"]):
        raise InvalidToken("The token's subject is no name.")
    return claims


def _is_name(told: object) -> bool:
    """Whether it can stand for somebody, in a database and in a log (OpenID Connect Core, 2, on ``sub``)."""
    return isinstance(told, str) and told.isascii() and told.isprintable() and 0 < len(told) <= 255


def _signed(token: str, key: Key, algorithm: str) -> dict[str, Any]:
    try:
        # Only the algorithm of this one token, so that the key decides nothing about it.
        return jwt.decode(token, key, algorithms=[algorithm]).claims
    except UNREADABLE:
        raise InvalidToken("The token's signature is not right.") from None


def _check_type(row: IssuerRow, header: dict[str, Any]) -> None:
    told = str(header.get("typ", "")).lower().removeprefix("application/")
    if told != row.type.lower():
        raise InvalidToken(f"The token's type is not {row.type}.")


def _worth(row: IssuerRow, claims: dict[str, Any]) -> Verified:
    if any(claims.get(name) != value for name, value in row.marks.items()):
        raise InvalidToken("The token is no access token.")
    client = claims.get(row.client_claim)
    if not isinstance(client, str) or not _is_name(client):
        raise InvalidToken(f"The token does not say its client in {row.client_claim}.")
    words = {word for path in row.scope_claims for word in _words(_at(claims, path))}
    return Verified(
        issuer=row.issuer,
        subject=claims["sub"],
        client=client,
        # Our own clients' ids have no colon, so nobody elsewhere can be named like one of them.
        partner=f"{row.name}:{client}",
        scopes=frozenset(scope for word in words for scope in row.scopes.get(word, ())),
        kind=row.viewer_kind,
        expires_at=float(claims["exp"]),
        jkt=_bound(claims),
    )


def _bound(claims: dict[str, Any]) -> str | None:
    """The key the token is bound to (RFC 9449, 6.1); ``InvalidToken`` for a bond that cannot be checked here."""
    bond = claims.get("cnf")
    if bond is None:
        return None
    if not isinstance(bond, dict) or set(bond) != {"jkt"} or not isinstance(bond["jkt"], str):
        raise InvalidToken("The token is bound in a way that is not known here.")
    return bond["jkt"]


def _words(told: object) -> list[str]:
    if isinstance(told, str):
        return told.split()
    return [word for word in told if isinstance(word, str)] if isinstance(told, list) else []


def _at(claims: object, path: str) -> object:
    """The claim at ``path``; one whose own name has dots in it comes first."""
    if not isinstance(claims, dict):
        return None
    if path in claims:
        return claims[path]
    first, _, rest = path.partition(".")
    return _at(claims.get(first), rest) if rest else None
