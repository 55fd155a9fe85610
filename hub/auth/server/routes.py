"""Assembles the authorization server, and declares its routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from hub.auth.access_tokens import AccessTokens
from hub.auth.server.authlib_server import AuthlibServer
from hub.auth.server.authorize import AuthorizationEndpoint
from hub.auth.server.endpoints import Endpoints, Throttle, unthrottled
from hub.auth.server.grants import S256, AuthorizationCode, ClientCredentials, RefreshToken
from hub.auth.server.metadata import RESOURCE_METADATA
from hub.auth.server.openid import IdToken
from hub.auth.server.request_checks import AuthorizationRequestChecks
from hub.auth.server.sessions import AUTHORIZE, BrowserSessions
from hub.auth.server.token_endpoints import Introspection, Revocation
from hub.auth.server.userinfo import UserInfo
from hub.auth.signing_keys import SigningKeys
from hub.store.database import Database
from hub.web.operations import (
    ANY,
    FORM,
    HTML,
    JSON,
    PAGE_ERRORS,
    TEXT,
    Access,
    DocumentedRoute,
    Operation,
    Parameter,
    Reply,
    Schema,
)


@dataclass(frozen=True, slots=True)
class Server:
    """The authorization server: its endpoints, and the one that the sign-in pages use."""

    endpoints: Endpoints
    authorize: AuthorizationEndpoint
    userinfo: UserInfo


def server(
    database: Database,
    keys: SigningKeys,
    issuer: str,
    scopes: Sequence[str],
    secret: bytes,
    throttle: Throttle = unthrottled,
    *,
    second_factor: bool = False,
) -> Server:
    """Return the server of ``issuer``, an origin without a trailing slash; ``scopes`` are all existing ones.

    ``secret`` is the hub's secret key; ``second_factor``: whether users need one for ``NEEDS_SECOND_FACTOR``.
    """
    core = AuthlibServer(issuer, second_factor=second_factor)
    core.register_grant(ClientCredentials)
    core.register_grant(AuthorizationCode, [S256(required=True), AuthorizationRequestChecks(issuer), IdToken(issuer)])
    core.register_grant(RefreshToken)
    core.register_endpoint(Revocation)
    core.register_endpoint(Introspection)
    endpoints = Endpoints(database, keys, core, scopes, throttle)
    userinfo = UserInfo(database, AccessTokens(keys, issuer), issuer)
    return Server(endpoints, AuthorizationEndpoint(database, keys, core, BrowserSessions(issuer), secret), userinfo)


def routes(server: Server) -> list[BaseRoute]:
    """Return the routes of the server, without the pages."""
    endpoints = server.endpoints
    return [
        DocumentedRoute(AUTHORIZE, server.authorize.__call__, get=_AUTHORIZE, post=_AUTHORIZE_BY_FORM),
        DocumentedRoute("/oauth/token", endpoints.token, post=_TOKEN),
        DocumentedRoute("/oauth/par", endpoints.push, post=_PUSH),
        DocumentedRoute("/oauth/revoke", endpoints.revoke, post=_REVOKE),
        DocumentedRoute("/oauth/introspect", endpoints.introspect, post=_INTROSPECT),
        DocumentedRoute("/oauth/userinfo", server.userinfo.__call__, get=_USERINFO, post=_USERINFO),
        DocumentedRoute(
            "/oauth/jwks", endpoints.jwks, get=_document("The keys of the hub's tokens (RFC 7517)", "keys")
        ),
        DocumentedRoute("/.well-known/oauth-authorization-server", endpoints.server_metadata, get=_METADATA),
        DocumentedRoute("/.well-known/openid-configuration", endpoints.server_metadata, get=_METADATA),
        DocumentedRoute(RESOURCE_METADATA, endpoints.resource_metadata, get=_RESOURCE),
    ]


def _object(*required: str) -> Schema:
    return {"type": "object", "required": list(required), "properties": dict.fromkeys(required, ANY)}


def _document(summary: str, *required: str) -> Operation:
    return Operation(summary=summary, replies={200: Reply("The document", {JSON: _object(*required)})})


def _form(*required: str, **optional: str) -> dict[str, Schema]:
    """Return a body in the form of OAuth; ``optional`` are parameters with what they mean."""
    names = dict.fromkeys((*required, "client_id", "client_secret", "client_assertion", *optional), TEXT)
    return {FORM: {"type": "object", "required": list(required), "properties": names}}


def _of_client(summary: str, body: dict[str, Schema], replies: dict[int, Reply]) -> Operation:
    refusals = {400: "A parameter is missing or not valid.", 401: "The client is not known, or its proof not valid."}
    return Operation(summary=summary, access=Access.CLIENT, body=body, replies=replies, refusals=refusals)


_METADATA = _document("The metadata of the authorization server (RFC 8414)", "issuer", "token_endpoint")
_RESOURCE = _document("The metadata of the graph as a protected resource (RFC 9728)", "resource")
_TOKEN = _of_client(
    "Get an access token (RFC 6749, 3.2)",
    _form("grant_type", scope="", code="", redirect_uri="", code_verifier="", refresh_token="", resource=""),
    {200: Reply("The token", {JSON: _object("access_token", "token_type", "expires_in")})},
)
_PUSH = _of_client(
    "Push an authorization request (RFC 9126)",
    _form("response_type", redirect_uri="", scope="", state="", code_challenge="", code_challenge_method=""),
    {201: Reply("The name of the request", {JSON: _object("request_uri", "expires_in")})},
)
_REVOKE = _of_client("Revoke a token (RFC 7009)", _form("token"), {200: Reply("It is revoked, if it was one.")})
_INTROSPECT = _of_client(
    "Ask whether a token is valid (RFC 7662)",
    _form("token"),
    {200: Reply("What the token is", {JSON: _object("active")})},
)
_USERINFO = Operation(
    summary="The claims of the user who signed in (OpenID Connect Core, 5.3)",
    access=Access.TOKEN,
    scopes=("openid",),
    replies={200: Reply("The claims", {JSON: _object("sub")})},
    refusals={
        400: "The proof of DPoP is not valid.",
        401: "The token is not valid.",
        403: "It lacks the scope openid.",
    },
    errors=(),
)
_PARAMETERS = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "request_uri")
_REFUSED = {400: "The request is not valid and names no address to return to."}
_REDIRECT = {302: Reply("To the client, or to the page of sign-in", headers={"Location": "The address"})}
_AUTHORIZE = Operation(
    summary="Ask a user for authorization (RFC 6749, 4.1)",
    parameters=[Parameter(name, "As RFC 6749, 7636 and 9126 define it.") for name in _PARAMETERS],
    replies={200: Reply("The page of consent", {HTML: TEXT}), **_REDIRECT},
    refusals=_REFUSED,
    errors=PAGE_ERRORS,
)
_AUTHORIZE_BY_FORM = Operation(
    summary="Ask a user for authorization by a form",
    body=_form(),
    replies={200: Reply("The page of consent", {HTML: TEXT}), **_REDIRECT},
    refusals=_REFUSED,
    errors=PAGE_ERRORS,
)
