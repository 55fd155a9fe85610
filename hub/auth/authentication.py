"""Authenticates a request by a token of the hub, a token of another issuer, or a tracking code.

The identity of a token is determined once and cached until the token expires (for another issuer: until that issuer's
keys are fetched again) or until something is revoked. Every process checks twice a second whether something was
revoked, so a suspension or revocation takes effect within one second everywhere.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth import jwks, tracking_codes
from hub.auth.access_tokens import AccessTokens, is_client_valid
from hub.auth.scopes import available_scopes
from hub.auth.server import dpop
from hub.auth.server.dpop import BadProof
from hub.auth.server.metadata import challenge
from hub.auth.signing_keys import SigningKeys
from hub.auth.tracking_codes import AttemptLimits, TrackingCodes
from hub.auth.trusted_issuers import InvalidToken, TrustedIssuers, VerifiedToken, decode_unverified
from hub.errors import TryLater
from hub.messages import Bilingual, message_of
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.oauth import clients, external_blocks, grants, users
from hub.store.oauth.revocation_epoch import RevocationEpoch
from hub.store.oauth.users import User
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web.throttling import address_of

CACHE_SIZE = 10_000
"""The number of cached tokens; the cache is cleared when it is full."""
UNKNOWN_TRACKING_CODE = Bilingual(
    "No complaint has this ticket and this tracking code: send both in one header, ticket first.",
    "Tidak ada pengaduan dengan tiket dan kode pelacakan ini: kirim keduanya dalam satu header, tiket lebih dulu.",
)
SEND_TOKEN = Bilingual("Send an access token, as Bearer or DPoP.", "Kirim token akses, sebagai Bearer atau DPoP.")
_SEND_PROOF = Bilingual(
    "The token is bound to a key: send it as DPoP with a proof.",
    "Token terikat pada kunci: kirim sebagai DPoP dengan bukti.",
)
REVOKED = Bilingual("The token was revoked.", "Token sudah dicabut.")
SUSPENDED = Bilingual(
    "This client is suspended: ask the operator of the hub.", "Klien ini ditangguhkan: hubungi operator hub."
)
SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True, slots=True)
class TokenIdentity:
    """The viewer of a token until ``expires_at``, in Unix seconds; ``jkt`` is the key that it is bound to."""

    viewer: Viewer
    expires_at: float
    jkt: str | None


class Renewed(NamedTuple):
    """The viewer of credentials that were accepted before, and until when that holds, in Unix seconds."""

    viewer: Viewer
    until: float


class Authenticator:
    """Determines viewers, and caches those of tokens."""

    def __init__(
        self,
        database: Database,
        revocation_epoch: RevocationEpoch,
        keys: SigningKeys,
        issuer: str,
        issuers: TrustedIssuers,
        attempts: AttemptLimits,
        secret: bytes,
        *,
        second_factor: bool = False,
    ) -> None:
        self._second_factor = second_factor
        self._database, self._revocation_epoch, self._issuer, self._issuers = (
            database,
            revocation_epoch,
            issuer,
            issuers,
        )
        self._tokens = AccessTokens(keys, issuer)
        self._tracking_codes = TrackingCodes(database, attempts, secret)
        self._epoch = 0
        self._identities: dict[bytes, TokenIdentity] = {}

    async def authenticate(self, request: Request) -> Viewer:
        """Return the viewer of a request.

        Raises ``HTTPException`` 401 for invalid credentials and 400 for several of them, ``RateLimited``, or
        ``TryLater``.
        """
        tokens, codes = request.headers.getlist("authorization"), request.headers.getlist(tracking_codes.HEADER)
        if len(tokens) + len(codes) > 1:
            raise HTTPException(
                400,
                Bilingual(
                    "Send one token or one tracking code, not several.",
                    "Kirim satu token atau satu kode pelacakan, jangan beberapa.",
                ),
            )
        try:
            if codes:
                return await self._by_tracking_code(codes[0], request)
            return await self._by_token(tokens[0], request) if tokens else ANONYMOUS
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not answer.") from error

    async def renew(self, request: Request) -> Renewed:
        """Return who the credentials of ``request`` belong to now, for a connection that stays open.

        Raises ``InvalidToken``, and ``HTTPException`` for a tracking code, once they have ended or were revoked. The
        proof of a token that is bound to a key was checked when the connection was made.
        """
        try:
            if codes := request.headers.getlist(tracking_codes.HEADER):
                return Renewed(await self._by_tracking_code(codes[0], request), math.inf)
            if tokens := request.headers.getlist("authorization"):
                identity = await self.identify(tokens[0].partition(" ")[2].strip())
                return Renewed(identity.viewer, identity.expires_at)
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not answer.") from error
        return Renewed(ANONYMOUS, math.inf)

    async def code_seeds(self, tickets: Sequence[str]) -> dict[str, str]:
        """Return a value for each ticket with a valid tracking code, which changes when the code does."""
        try:
            return await self._tracking_codes.seeds(tickets)
        except DATABASE_ERRORS as error:
            raise TryLater("The database does not answer.") from error

    async def _by_tracking_code(self, header: str, request: Request) -> Viewer:
        viewer = await self._tracking_codes.authenticate(header, address_of(request))
        if viewer is None:
            raise self._unauthorized("Bearer", message=UNKNOWN_TRACKING_CODE)
        return viewer

    async def _by_token(self, header: str, request: Request) -> Viewer:
        name, _, token = header.partition(" ")
        scheme, token = SCHEMES.get(name.lower()), token.strip()
        if scheme is None:
            raise self._unauthorized("Bearer", message=SEND_TOKEN)
        try:
            identity = await self.identify(token)
            await self._check_binding(request, scheme, token, identity)
        except InvalidToken as error:
            raise self._unauthorized(scheme, "invalid_token", message_of(error)) from error
        except BadProof as error:
            raise self._unauthorized("DPoP", error.error, error.description) from error
        return identity.viewer

    async def identify(self, token: str) -> TokenIdentity:
        """Return the identity of ``token``, however it was sent; ``InvalidToken`` for an invalid token."""
        key = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        if key not in self._identities:
            # A malformed token is refused even while the database is unavailable.
            decode_unverified(token)
        epoch = await self._revocation_epoch.current()
        if epoch != self._epoch:
            self._identities.clear()
            self._epoch = epoch
        known = self._identities.get(key)
        if known is None or known.expires_at <= time.time():
            known = await self._verify(token)
            # Something may have been revoked during the query.
            if epoch == self._epoch:
                self._cache_identity(key, known)
        return known

    def _cache_identity(self, key: bytes, identity: TokenIdentity) -> None:
        if len(self._identities) >= CACHE_SIZE:
            self._identities.clear()
        self._identities[key] = identity

    async def _check_binding(self, request: Request, scheme: str, token: str, identity: TokenIdentity) -> None:
        """Require a proof of the key for a bound token, and none for any other token (RFC 9449, 7)."""
        if identity.jkt is None:
            if scheme == "DPoP":
                raise InvalidToken(
                    Bilingual(
                        "The token is not bound to a key: send it as Bearer.",
                        "Token tidak terikat pada kunci: kirim sebagai Bearer.",
                    )
                )
            return
        if scheme != "DPoP":
            raise self._unauthorized("DPoP", "invalid_token", _SEND_PROOF)
        proof = dpop.from_request(request, self._issuer, token)
        if proof is None or proof.jkt != identity.jkt:
            raise BadProof("it is missing, or made with another key than the token's")
        async with self._database.read() as db:
            if not await proof.use_once(db):
                raise BadProof("it was used before")

    async def _verify(self, token: str) -> TokenIdentity:
        _, claims = decode_unverified(token)
        if claims.get("iss") == self._issuer:
            return await self._verify_own(token)
        verified = await self._issuers.verify(token)
        # No longer than the keys are cached, so that tokens end when their key is withdrawn.
        until = min(verified.expires_at, time.time() + jwks.MAX_AGE)
        return TokenIdentity(await self._external_viewer(verified), until, verified.jkt)

    async def _verify_own(self, token: str) -> TokenIdentity:
        claims = await self._tokens.read(token)
        if claims is None:
            raise InvalidToken(
                Bilingual(
                    "The token is not valid, or has expired: request a new one.",
                    "Token tidak berlaku atau sudah kedaluwarsa: mintalah yang baru.",
                )
            )
        async with self._database.read() as db:
            viewer = await _own_viewer(db, claims, second_factor=self._second_factor)
        return TokenIdentity(viewer, float(claims["exp"]), claims.get("cnf", {}).get("jkt"))

    async def _external_viewer(self, verified: VerifiedToken) -> Viewer:
        async with self._database.read() as db:
            if await external_blocks.is_suspended(db, verified.partner):
                raise InvalidToken(SUSPENDED)
            if verified.kind is ViewerKind.PARTNER:
                name = f"client:{verified.partner}"
                return Viewer(ViewerKind.PARTNER, name, verified.scopes, verified.partner, channels=verified.channels)
            user = await users.by_identity(db, verified.issuer, verified.subject)
        if user is None or user.kind != verified.kind.name:
            raise InvalidToken(
                Bilingual(
                    "The token's subject is linked to no user here.",
                    "Subjek token tidak terhubung dengan pengguna mana pun di sini.",
                )
            )
        return _user_viewer(user, verified.scopes, verified.partner, verified.channels)

    def _unauthorized(self, scheme: str, error: str = "", message: str = "") -> HTTPException:
        header = challenge(self._issuer, scheme=scheme, error=error, description=message if error else "")
        return HTTPException(401, message, {"WWW-Authenticate": header})


async def _own_viewer(db: AsyncConnection, claims: dict[str, Any], *, second_factor: bool) -> Viewer:
    """Return the viewer of a token of the hub, with the scopes that client and user still have."""
    grant_id = UUID(claims["gid"]) if "gid" in claims else None
    client = await clients.get(db, claims["client_id"])
    if client is not None and client.suspended_at:
        raise InvalidToken(SUSPENDED)
    if client is None or not is_client_valid(claims, client) or await grants.is_revoked(db, claims["jti"], grant_id):
        raise InvalidToken(REVOKED)
    scopes = frozenset(claims["scope"].split()) & {*client.scopes}
    if claims["sub"] == client.id:
        return clients.own_viewer(client, scopes)
    user = await users.get(db, claims["sub"])
    if user is None:
        raise InvalidToken(REVOKED)
    return _user_viewer(user, scopes & available_scopes(user, second_factor=second_factor), client.id, client.channels)


def _user_viewer(user: User, scopes: frozenset[str], client: str, channels: tuple[str, ...]) -> Viewer:
    if user.suspended_at:
        raise InvalidToken(REVOKED)
    kind = ViewerKind[user.kind]
    return Viewer(kind, user.id, scopes & {*user.scopes}, client, agency=user.agency_code, channels=channels)
