"""Makes the viewer of a request from what it shows: a token of the hub, one of an outside issuer, or a tracking code.

What a token is worth is worked out once and remembered, until it expires (an outside issuer's: until
that issuer's keys are fetched anew) or somebody loses something: every process looks twice a second
whether that happened, so a suspension or revocation holds within one second everywhere.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth import holders, jwks
from hub.auth.access import AccessTokens, stands
from hub.auth.holders import Guesses, Holders
from hub.auth.issuers import InvalidToken, Issuers, Verified, unverified
from hub.auth.keys import Keys
from hub.auth.server import dpop
from hub.auth.server.dpop import BadProof
from hub.auth.server.metadata import challenge
from hub.errors import TryLater
from hub.store.access import clients, grants, users
from hub.store.access.epoch import Watch
from hub.store.access.users import User
from hub.store.database import Database
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web.throttle import address_of

KEPT = 10_000
"""Tokens remembered; when there are more, all are worked out anew."""
NO_HOLDER = "No complaint has this ticket and this tracking code: send both in one header, ticket first."
SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True, slots=True)
class Worth:
    """What a token is worth until ``expires_at``, in seconds since 1970; ``jkt`` is the key it is bound to."""

    viewer: Viewer
    expires_at: float
    jkt: str | None


class Viewers:
    """The viewers this process knows."""

    def __init__(
        self,
        database: Database,
        watch: Watch,
        keys: Keys,
        issuer: str,
        outside: Issuers,
        guesses: Guesses,
        secret: bytes,
    ) -> None:
        self._database, self._watch, self._issuer, self._outside = database, watch, issuer, outside
        self._tokens = AccessTokens(keys, issuer)
        self._holders = Holders(database, guesses, secret)
        self._epoch = 0
        self._known: dict[bytes, Worth] = {}

    async def of(self, request: Request) -> Viewer:
        """Who asks. Raises ``HTTPException`` 401 for what does not hold, ``TooMany``, or ``TryLater``."""
        tokens, codes = request.headers.getlist("authorization"), request.headers.getlist(holders.HEADER)
        if len(tokens) + len(codes) > 1:
            raise HTTPException(400, "Send one token or one tracking code, not several.")
        try:
            if codes:
                return await self._holder(codes[0], request)
            return await self._bearer(tokens[0], request) if tokens else ANONYMOUS
        except SQLAlchemyError as error:
            raise TryLater("The database does not answer.") from error

    async def _holder(self, told: str, request: Request) -> Viewer:
        viewer = await self._holders.of(told, address_of(request))
        if viewer is None:
            raise self._refusal("Bearer", message=NO_HOLDER)
        return viewer

    async def _bearer(self, header: str, request: Request) -> Viewer:
        told, _, token = header.partition(" ")
        scheme, token = SCHEMES.get(told.lower()), token.strip()
        if scheme is None:
            raise self._refusal("Bearer", message="Send an access token, as Bearer or DPoP.")
        try:
            worth = await self.worth(token)
            await self._check_bond(request, scheme, token, worth)
        except InvalidToken as error:
            raise self._refusal(scheme, "invalid_token", str(error)) from error
        except BadProof as error:
            raise self._refusal("DPoP", error.error, error.description) from error
        return worth.viewer

    async def worth(self, token: str) -> Worth:
        """What ``token`` is worth now, however it was sent; ``InvalidToken`` when it is worth nothing."""
        key = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        if key not in self._known:
            # What is no token at all is told so, even while the database is away.
            unverified(token)
        epoch = await self._watch.now()
        if epoch != self._epoch:
            self._known.clear()
            self._epoch = epoch
        known = self._known.get(key)
        if known is None or known.expires_at <= time.time():
            known = await self._worked_out(token)
            # Somebody may have lost something while the database was asked.
            if epoch == self._epoch:
                self._keep(key, known)
        return known

    def _keep(self, key: bytes, worth: Worth) -> None:
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[key] = worth

    async def _check_bond(self, request: Request, scheme: str, token: str, worth: Worth) -> None:
        """A bound token comes with a proof of its key, and no other token does (RFC 9449, 7)."""
        if worth.jkt is None:
            if scheme == "DPoP":
                raise InvalidToken("The token is not bound to a key: send it as Bearer.")
            return
        if scheme != "DPoP":
            raise self._refusal("DPoP", "invalid_token", "The token is bound to a key: send it as DPoP with a proof.")
        proof = dpop.shown(request, self._issuer, token)
        if proof is None or proof.jkt != worth.jkt:
            raise BadProof("it is missing, or of another key than the token's")
        async with self._database.read() as db:
            if not await proof.is_first(db):
                raise BadProof("it was shown before")

    async def _worked_out(self, token: str) -> Worth:
        _, claims = unverified(token)
        if claims.get("iss") == self._issuer:
            return await self._own(token)
        verified = await self._outside.verify(token)
        # Not for longer than their keys are remembered, so that one which is withdrawn ends what it has signed.
        until = min(verified.expires_at, time.time() + jwks.AGE)
        return Worth(await self._outsider(verified), until, verified.jkt)

    async def _own(self, token: str) -> Worth:
        claims = await self._tokens.read(token)
        if claims is None:
            raise InvalidToken("The token is not valid, or has expired: get a new one.")
        async with self._database.read() as db:
            viewer = await _granted(db, claims)
        return Worth(viewer, float(claims["exp"]), claims.get("cnf", {}).get("jkt"))

    async def _outsider(self, told: Verified) -> Viewer:
        if told.kind is ViewerKind.PARTNER:
            return Viewer(ViewerKind.PARTNER, f"client:{told.partner}", told.scopes, told.partner)
        async with self._database.read() as db:
            user = await users.by_identity(db, told.issuer, told.subject)
        if user is None or user.kind != told.kind.name:
            raise InvalidToken("The token's subject is linked to nobody here.")
        return _person(user, told.scopes, told.partner)

    def _refusal(self, scheme: str, error: str = "", message: str = "") -> HTTPException:
        told = challenge(self._issuer, scheme=scheme, error=error, description=message if error else "")
        return HTTPException(401, message, {"WWW-Authenticate": told})


async def _granted(db: AsyncConnection, claims: dict[str, Any]) -> Viewer:
    """The viewer of our own token: what it grants, as far as client and user may have it now."""
    grant_id = UUID(claims["gid"]) if "gid" in claims else None
    client = await clients.get(db, claims["client_id"])
    if client is None or not stands(claims, client) or await grants.is_revoked(db, claims["jti"], grant_id):
        raise InvalidToken("The token was taken back.")
    scopes = frozenset(claims["scope"].split()) & {*client.scopes}
    if claims["sub"] == client.id:
        return Viewer(ViewerKind.PARTNER, f"client:{client.id}", scopes, client.id)
    user = await users.get(db, claims["sub"])
    if user is None:
        raise InvalidToken("The token was taken back.")
    return _person(user, scopes, client.id)


def _person(user: User, scopes: frozenset[str], client: str) -> Viewer:
    if user.suspended_at:
        raise InvalidToken("The token was taken back.")
    kind = ViewerKind[user.kind]
    return Viewer(kind, user.id, scopes & {*user.scopes}, client, agency=user.agency_code)
