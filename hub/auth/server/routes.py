"""Assembles the authorization server, and declares its routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import Route

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


def routes(server: Server) -> list[Route]:
    """Return the routes of the server, without the pages."""
    endpoints = server.endpoints
    return [
        Route(AUTHORIZE, server.authorize.__call__, methods=["GET", "POST"]),
        Route("/oauth/token", endpoints.token, methods=["POST"]),
        Route("/oauth/par", endpoints.push, methods=["POST"]),
        Route("/oauth/revoke", endpoints.revoke, methods=["POST"]),
        Route("/oauth/introspect", endpoints.introspect, methods=["POST"]),
        Route("/oauth/userinfo", server.userinfo.__call__, methods=["GET", "POST"]),
        Route("/oauth/jwks", endpoints.jwks),
        Route("/.well-known/oauth-authorization-server", endpoints.server_metadata),
        Route("/.well-known/openid-configuration", endpoints.server_metadata),
        Route(RESOURCE_METADATA, endpoints.resource_metadata),
    ]
