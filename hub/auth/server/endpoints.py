"""The endpoints that clients call themselves: tokens, pushed requests, revocation, introspection.

Each reads its request, lets the client show who it is on a connection that commits by itself, so
that ids of assertions and proofs stay used whatever follows, and then runs Authlib's core in one
transaction. A refusal is an answer: what was found out with it, such as a code that is used up, is
kept. Only a fault rolls back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnauthorizedClientError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.auth.access import AccessTokens
from hub.auth.keys import Keys
from hub.auth.server import authentication, dpop, metadata, parameters
from hub.auth.server.authentication import Unfetched
from hub.auth.server.authorize import PUSHED, PUSHED_LIFE
from hub.auth.server.core import Core
from hub.auth.server.demands import check_resources
from hub.auth.server.dpop import BadProof, Proof
from hub.auth.server.exchange import Asked, Exchange, Reply, current, wait
from hub.auth.server.grant_types import ClientCredentials
from hub.auth.server.registration import Registered
from hub.errors import TooMany
from hub.store.access import once
from hub.store.database import Cause, Database
from hub.store.digests import fresh
from hub.web.requests import request_id

Throttle = Callable[[str, str], Awaitable[None]]
"""Counts a request by address and client id; raises ``TooMany``."""

PUSHABLE = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge"),
        *("code_challenge_method", "prompt", "max_age", "resource", "dpop_jkt", "response_mode", "request"),
    }
)
"""Parameters of an authorization request; anything else, such as a secret, is not kept."""


async def unthrottled(address: str, client_id: str) -> None:
    """No limit."""


class Endpoints:
    """The endpoints of one process."""

    def __init__(
        self, database: Database, keys: Keys, core: Core, scopes: Sequence[str], throttle: Throttle = unthrottled
    ) -> None:
        self._database, self._keys, self._core, self._throttle = database, keys, core, throttle
        self._scopes, self._issuer = scopes, core.issuer
        self._tokens = AccessTokens(keys, core.issuer)

    async def token(self, request: Request) -> Response:
        """``/oauth/token`` (RFC 6749, 3.2)."""
        return await _answered(self._token(request))

    async def push(self, request: Request) -> Response:
        """``/oauth/par`` (RFC 9126)."""
        return await _answered(self._push(request))

    async def revoke(self, request: Request) -> Response:
        """``/oauth/revoke`` (RFC 7009)."""
        return await _answered(self._about_a_token(request, "revocation"))

    async def introspect(self, request: Request) -> Response:
        """``/oauth/introspect`` (RFC 7662)."""
        return await _answered(self._about_a_token(request, "introspection"))

    async def jwks(self, request: Request) -> Response:
        """``/oauth/jwks`` (RFC 7517)."""
        return JSONResponse(await self._keys.jwks(), headers={"Cache-Control": "public, max-age=60"})

    async def server_metadata(self, request: Request) -> Response:
        """``/.well-known/oauth-authorization-server`` and ``/.well-known/openid-configuration``."""
        return _public(metadata.server(self._issuer, self._scopes))

    async def resource_metadata(self, request: Request) -> Response:
        """``/.well-known/oauth-protected-resource`` (RFC 9728)."""
        return _public(metadata.resource(self._issuer, self._scopes))

    async def _token(self, request: Request) -> Reply:
        asked, proof = await self._authenticated(request)
        if asked.client.client.must_bind and proof is None:
            raise BadProof("this client's tokens have to be bound, so send one")
        if "grant_type" not in asked.form:
            raise InvalidRequestError("Send a grant_type.")
        check_resources(asked.payload.datalist.get("resource", ()), self._issuer)
        return await self._run(request, asked, proof, lambda: self._core.create_token_response(asked))

    async def _push(self, request: Request) -> Reply:
        asked, proof = await self._authenticated(request)
        if "request_uri" in asked.payload.data:
            raise InvalidRequestError("A pushed request cannot refer to another one.")
        pairs = [(n, v) for n, values in asked.payload.datalist.items() if n in PUSHABLE for v in values]
        if proof:
            if asked.payload.data.get("dpop_jkt", proof.jkt) != proof.jkt:
                raise BadProof("dpop_jkt is of another key")
            pairs = [*((n, v) for n, v in pairs if n != "dpop_jkt"), ("dpop_jkt", proof.jkt)]
        if "client_id" not in asked.payload.data:
            pairs.append(("client_id", asked.client.client.id))
        return await self._run(request, asked, proof, lambda: self._kept(asked.client.client.id, pairs))

    def _kept(self, client_id: str, pairs: list[tuple[str, str]]) -> Reply:
        """Keep a request under a name, and refuse already now what would be refused when a browser brings it."""
        wanted = Asked("GET", f"{self._issuer}/oauth/authorize", {}, pairs)
        wanted.pushed = True
        try:
            # Some user will be there then, and who it is does not matter yet.
            self._core.get_consent_grant(wanted, end_user=object())
        except OAuth2Error as error:
            error.redirect_uri = None
            raise
        name = fresh()
        wait(once.push(current.get().db, name, client_id, pairs, PUSHED_LIFE))
        body = {"request_uri": f"{PUSHED}{name}", "expires_in": int(PUSHED_LIFE.total_seconds())}
        return Reply.of(201, body, [("Content-Type", "application/json")])

    async def _about_a_token(self, request: Request, endpoint: str) -> Reply:
        asked, proof = await self._authenticated(request, throttled=endpoint != "introspection")
        if endpoint == "introspection" and asked.client.client.public:
            raise UnauthorizedClientError("A public client cannot introspect tokens.")
        claims = await self._tokens.read(asked.form.get("token", ""))
        return await self._run(
            request, asked, proof, lambda: self._core.create_endpoint_response(endpoint, asked), claims
        )

    async def _authenticated(self, request: Request, *, throttled: bool = True) -> tuple[Asked, Proof | None]:
        """The request with its client, and the proof it carries; resource servers ask often and are not throttled."""
        pairs = await parameters.in_body(request)
        asked = Asked(request.method, self._issuer + request.url.path, request.headers, pairs)
        proof = dpop.shown(request, self._issuer)
        shown = authentication.shown(asked)
        # Whose pages may read the answer. Until it has shown who it is, a client is taken at its word: a refusal
        # is then read by the pages of the one that was named, and by no others.
        request.scope["hub.client"] = shown.client_id or None
        if throttled:
            await self._throttle(request.client.host if request.client else "", shown.client_id)
        asked.client = await self._client(asked)
        request.scope["hub.client"] = asked.client.client.id
        if proof:
            async with self._database.read() as db:
                if not await proof.is_first(db):
                    raise BadProof("it was shown before")
        return asked, proof

    async def _client(self, asked: Asked) -> Registered:
        """Who asks. No connection is held while keys that a client publishes are fetched, which may take long."""
        try:
            return await self._known(asked, fetched=False)
        except Unfetched as key:
            await key.fetch()
        return await self._known(asked, fetched=True)

    async def _known(self, asked: Asked, *, fetched: bool) -> Registered:
        signer = await self._keys.signer()
        async with self._database.read() as db:
            current.set(Exchange(db, signer, fetched=fetched))
            return await db.run_sync(lambda _: self._core.authenticated(asked))

    async def _run(
        self,
        request: Request,
        asked: Asked,
        proof: Proof | None,
        act: Callable[[], Reply],
        claims: dict[str, Any] | None = None,
    ) -> Reply:
        signer = await self._keys.signer()
        cause = Cause(f"oauth:{request.url.path.rpartition('/')[2]}", asked.client.client.id, request_id(request))
        # A client's own token is kept nowhere, so that nothing has to be written, nor waited for.
        unkept = asked.form.get("grant_type") == ClientCredentials.GRANT_TYPE
        async with self._database.read() if unkept else self._database.write(cause) as db:
            current.set(Exchange(db, signer, proof.jkt if proof else None, claims))
            return await db.run_sync(lambda _: _said(act))


def _said(act: Callable[[], Reply]) -> Reply:
    """What the core answers, refusals included, so that the transaction around it is kept."""
    try:
        return act()
    except OAuth2Error as error:
        return _refusal(error)
    except ValueError as error:
        # Authlib repeats what was asked in its descriptions, and then refuses to say it.
        if "forbidden characters" not in str(error):
            raise
        return _refusal(InvalidRequestError("A parameter holds characters that it may not."))


async def _answered(answer: Awaitable[Reply]) -> Reply:
    try:
        return await answer
    except OAuth2Error as error:
        return _refusal(error)
    except TooMany as error:
        body = {"error": "temporarily_unavailable", "error_description": parameters.said(str(error))}
        return Reply.of(429, body, [("Content-Type", "application/json"), ("Retry-After", str(error.after))])


def _refusal(error: OAuth2Error) -> Reply:
    if error.error == "invalid_client":
        # With a challenge, as HTTP asks of a 401 (RFC 6749, 5.2; RFC 9110, 15.5.2).
        error.status_code = 401
    return Reply.of(*error())


def _public(document: dict[str, Any]) -> Response:
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})
