"""Puts the authorization server together, and says which address leads where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import Route

from hub.auth.access import AccessTokens
from hub.auth.keys import Keys
from hub.auth.server.authorize import Authorize
from hub.auth.server.core import Core
from hub.auth.server.demands import Demands
from hub.auth.server.endpoints import Endpoints, Throttle, unthrottled
from hub.auth.server.grant_types import S256, AuthorizationCode, ClientCredentials, RefreshToken
from hub.auth.server.held_tokens import Introspection, Revocation
from hub.auth.server.interaction import AUTHORIZE, Interaction
from hub.auth.server.metadata import RESOURCE_METADATA
from hub.auth.server.openid import IdToken
from hub.auth.server.userinfo import UserInfo
from hub.store.database import Database


@dataclass(frozen=True, slots=True)
class Server:
    """The authorization server: its endpoints, and what the sign-in pages work with."""

    endpoints: Endpoints
    authorize: Authorize
    userinfo: UserInfo


def server(
    database: Database, keys: Keys, issuer: str, scopes: Sequence[str], throttle: Throttle = unthrottled
) -> Server:
    """The server of ``issuer``, an origin without a slash at its end; ``scopes`` are all there are."""
    core = Core(issuer)
    core.register_grant(ClientCredentials)
    core.register_grant(AuthorizationCode, [S256(required=True), Demands(issuer), IdToken(issuer)])
    core.register_grant(RefreshToken)
    core.register_endpoint(Revocation)
    core.register_endpoint(Introspection)
    endpoints = Endpoints(database, keys, core, scopes, throttle)
    userinfo = UserInfo(database, AccessTokens(keys, issuer), issuer)
    return Server(endpoints, Authorize(database, keys, core, Interaction(issuer)), userinfo)


def routes(server: Server) -> list[Route]:
    """Every route of the server, but for the pages people see."""
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
