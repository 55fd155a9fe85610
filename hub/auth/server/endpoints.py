"""The endpoints that clients call directly: token, pushed requests, revocation, introspection.

Each parses its request and authenticates the client on a connection that commits by itself, so that ids of assertions
and proofs stay used in any case. Then it runs Authlib's core in one transaction, which is committed even if the request
is refused, so that, for instance, a code stays used. Only an unexpected error rolls back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnauthorizedClientError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.auth.access_tokens import AccessTokens
from hub.auth.server import client_authentication, dpop, metadata, parameters
from hub.auth.server.authlib_server import AuthlibServer
from hub.auth.server.authorize import REQUEST_URI_LIFETIME, REQUEST_URI_PREFIX
from hub.auth.server.client_authentication import KeyNotFetched
from hub.auth.server.client_metadata import RegisteredClient
from hub.auth.server.dpop import BadProof, Proof
from hub.auth.server.grants import ClientCredentials
from hub.auth.server.request_checks import check_resources
from hub.auth.server.request_context import OAuthRequest, OAuthResponse, RequestContext, await_result, current
from hub.auth.signing_keys import SigningKeys
from hub.errors import RateLimited
from hub.store.database import Cause, Database
from hub.store.oauth import pushed_requests
from hub.store.secret_hashes import generate_secret
from hub.web.middleware import request_id
from hub.web.request_log import bind
from hub.web.throttling import network_of

Throttle = Callable[[str, str], Awaitable[None]]
"""Counts a request by address and client id; raises ``RateLimited``."""

PUSHABLE = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge"),
        *("code_challenge_method", "prompt", "max_age", "resource", "dpop_jkt", "response_mode", "request"),
    }
)
"""The parameters of an authorization request; no others, such as a secret, are stored."""


MAX_PUSHED_LENGTH = 8_192
"""The maximum length of a pushed request, names and values; about as much as a browser sends."""


class PushedRequestTooLarge(InvalidRequestError):
    """A pushed request that is too large to store (RFC 9126, 2.3)."""

    status_code = 413
    description = f"A pushed request may have {MAX_PUSHED_LENGTH:,} characters."


async def unthrottled(address: str, client_id: str) -> None:
    """Apply no limit."""


class Endpoints:
    """The endpoints of one process."""

    def __init__(
        self,
        database: Database,
        keys: SigningKeys,
        core: AuthlibServer,
        scopes: Sequence[str],
        throttle: Throttle = unthrottled,
    ) -> None:
        self._database, self._keys, self._core, self._throttle = database, keys, core, throttle
        self._scopes, self._issuer = scopes, core.issuer
        self._tokens = AccessTokens(keys, core.issuer)

    async def token(self, request: Request) -> Response:
        """``/oauth/token`` (RFC 6749, 3.2)."""
        return await _to_response(self._token(request))

    async def push(self, request: Request) -> Response:
        """``/oauth/par`` (RFC 9126)."""
        return await _to_response(self._push(request))

    async def revoke(self, request: Request) -> Response:
        """``/oauth/revoke`` (RFC 7009)."""
        return await _to_response(self._run_token_endpoint(request, "revocation"))

    async def introspect(self, request: Request) -> Response:
        """``/oauth/introspect`` (RFC 7662)."""
        return await _to_response(self._run_token_endpoint(request, "introspection"))

    async def jwks(self, request: Request) -> Response:
        """``/oauth/jwks`` (RFC 7517)."""
        return JSONResponse(await self._keys.jwks(), headers={"Cache-Control": "public, max-age=60"})

    async def server_metadata(self, request: Request) -> Response:
        """``/.well-known/oauth-authorization-server`` and ``/.well-known/openid-configuration``."""
        return _cacheable(metadata.server(self._issuer, self._scopes))

    async def resource_metadata(self, request: Request) -> Response:
        """``/.well-known/oauth-protected-resource`` (RFC 9728)."""
        return _cacheable(metadata.resource(self._issuer, self._scopes))

    async def _token(self, request: Request) -> OAuthResponse:
        oauth_request, proof = await self._authenticate(request)
        if oauth_request.client.client.must_bind and proof is None:
            raise BadProof("this client's tokens must be bound, so send a proof")
        if "grant_type" not in oauth_request.form:
            raise InvalidRequestError("Send a grant_type.")
        check_resources(oauth_request.payload.datalist.get("resource", ()), self._issuer)
        return await self._run(request, oauth_request, proof, lambda: self._core.create_token_response(oauth_request))

    async def _push(self, request: Request) -> OAuthResponse:
        oauth_request, proof = await self._authenticate(request)
        if "request_uri" in oauth_request.payload.data:
            raise InvalidRequestError("A pushed request cannot refer to another one.")
        pairs = [(n, v) for n, values in oauth_request.payload.datalist.items() if n in PUSHABLE for v in values]
        if proof:
            if oauth_request.payload.data.get("dpop_jkt", proof.jkt) != proof.jkt:
                raise BadProof("dpop_jkt is of another key")
            pairs = [*((n, v) for n, v in pairs if n != "dpop_jkt"), ("dpop_jkt", proof.jkt)]
        if "client_id" not in oauth_request.payload.data:
            pairs.append(("client_id", oauth_request.client.client.id))
        if sum(len(name) + len(value) for name, value in pairs) > MAX_PUSHED_LENGTH:
            raise PushedRequestTooLarge()
        return await self._run(
            request, oauth_request, proof, lambda: self._save_pushed(oauth_request.client.client.id, pairs)
        )

    def _save_pushed(self, client_id: str, pairs: list[tuple[str, str]]) -> OAuthResponse:
        """Store a request under a name; refuse now what would be refused when a browser sends it."""
        pushed = OAuthRequest("GET", f"{self._issuer}/oauth/authorize", {}, pairs)
        pushed.pushed = True
        try:
            # The checks need some user; which one does not matter yet.
            self._core.get_consent_grant(pushed, end_user=object())
        except OAuth2Error as error:
            error.redirect_uri = None
            raise
        name = generate_secret()
        await_result(pushed_requests.save(current.get().db, name, client_id, pairs, REQUEST_URI_LIFETIME))
        body = {"request_uri": f"{REQUEST_URI_PREFIX}{name}", "expires_in": int(REQUEST_URI_LIFETIME.total_seconds())}
        return OAuthResponse.from_authlib(201, body, [("Content-Type", "application/json")])

    async def _run_token_endpoint(self, request: Request, endpoint: str) -> OAuthResponse:
        oauth_request, proof = await self._authenticate(request, throttled=endpoint != "introspection")
        if endpoint == "introspection" and oauth_request.client.client.public:
            raise UnauthorizedClientError("A public client cannot introspect tokens.")
        claims = await self._tokens.read(oauth_request.form.get("token", ""))
        return await self._run(
            request, oauth_request, proof, lambda: self._core.create_endpoint_response(endpoint, oauth_request), claims
        )

    async def _authenticate(self, request: Request, *, throttled: bool = True) -> tuple[OAuthRequest, Proof | None]:
        """Return the request with its client, and its proof; introspection is frequent and is not throttled."""
        pairs = await parameters.from_body(request)
        oauth_request = OAuthRequest(request.method, self._issuer + request.url.path, request.headers, pairs)
        proof = dpop.from_request(request, self._issuer)
        presented = client_authentication.read_credentials(oauth_request)
        # CORS allows the origins of this client to read the response. Before it is authenticated this is the client
        # that the request names: only that client's pages can read a refusal.
        request.scope["hub.client"] = presented.client_id or None
        if throttled:
            await self._throttle(request.client.host if request.client else "", presented.client_id)
        oauth_request.client = await self._authenticate_client(oauth_request)
        request.scope["hub.client"] = oauth_request.client.client.id
        bind(request.scope, client=oauth_request.client.client.id)
        if proof:
            async with self._database.read() as db:
                if not await proof.use_once(db):
                    raise BadProof("it was used before")
        return oauth_request, proof

    async def _authenticate_client(self, oauth_request: OAuthRequest) -> RegisteredClient:
        """Return the client. No connection is in use while its published keys are fetched, which may take long."""
        try:
            return await self._try_client(oauth_request, keys_fetched=False)
        except KeyNotFetched as key:
            await key.fetch()
        return await self._try_client(oauth_request, keys_fetched=True)

    async def _try_client(self, oauth_request: OAuthRequest, *, keys_fetched: bool) -> RegisteredClient:
        signer = await self._keys.signer()
        async with self._database.read() as db:
            current.set(RequestContext(db, signer, keys_fetched=keys_fetched))
            return await db.run_sync(lambda _: self._core.authenticate(oauth_request))

    async def _run(
        self,
        request: Request,
        oauth_request: OAuthRequest,
        proof: Proof | None,
        act: Callable[[], OAuthResponse],
        claims: dict[str, Any] | None = None,
    ) -> OAuthResponse:
        signer = await self._keys.signer()
        what, client = f"oauth:{request.url.path.rpartition('/')[2]}", oauth_request.client.client.id
        cause = Cause(what, client, request_id(request), client, network_of(request))
        # The token of a client itself is not stored, so this needs no write transaction.
        read_only = oauth_request.form.get("grant_type") == ClientCredentials.GRANT_TYPE
        async with self._database.read() if read_only else self._database.write(cause) as db:
            current.set(RequestContext(db, signer, proof.jkt if proof else None, claims))
            return await db.run_sync(lambda _: _run_core(act))


def _run_core(act: Callable[[], OAuthResponse]) -> OAuthResponse:
    """Return the core's response, refusals included, so that the transaction around it is committed."""
    try:
        return act()
    except OAuth2Error as error:
        return _error_response(error)
    except ValueError as error:
        # Authlib repeats parameters in its descriptions, and then rejects their characters.
        if "forbidden characters" not in str(error):
            raise
        return _error_response(InvalidRequestError("A parameter contains characters that are not allowed."))


async def _to_response(response: Awaitable[OAuthResponse]) -> OAuthResponse:
    try:
        return await response
    except OAuth2Error as error:
        return _error_response(error)
    except RateLimited as error:
        body = {"error": "temporarily_unavailable", "error_description": parameters.to_error_text(str(error))}
        return OAuthResponse.from_authlib(
            429, body, [("Content-Type", "application/json"), ("Retry-After", str(error.after))]
        )


def _error_response(error: OAuth2Error) -> OAuthResponse:
    if error.error == "invalid_client":
        # With a challenge, which a 401 requires (RFC 6749, 5.2; RFC 9110, 15.5.2).
        error.status_code = 401
    return OAuthResponse.from_authlib(*error())


def _cacheable(document: dict[str, Any]) -> Response:
    return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})
