"""The server's metadata, for clients that configure themselves (RFC 8414, OpenID Discovery, RFC 9728)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hub.auth.server import client_authentication, dpop
from hub.auth.server.client_metadata import AUTH_METHODS, GRANTS
from hub.auth.server.request_checks import PROMPTS
from hub.auth.signing_keys import ALGORITHM

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"


def server(issuer: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Return the document of both well-known paths of the server."""
    confidential = [method for method in AUTH_METHODS if method != "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": sorted(scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": sorted(GRANTS),
        **_authentication("token", AUTH_METHODS),
        **_authentication("revocation", AUTH_METHODS, f"{issuer}/oauth/revoke"),
        **_authentication("introspection", confidential, f"{issuer}/oauth/introspect"),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": [*dpop.ALGORITHMS],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "kind", "agency"],
        "prompt_values_supported": sorted(PROMPTS),
        "ui_locales_supported": ["id", "en"],
        "protected_resources": [issuer],
    }


def resource(issuer: str, scopes: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of the graph as a protected resource (RFC 9728, 2)."""
    return {
        "resource": issuer,
        "resource_name": "Simpul",
        "authorization_servers": [issuer],
        "scopes_supported": sorted(scopes),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": [*dpop.ALGORITHMS],
    }


def challenge(
    issuer: str, *, scheme: str = "Bearer", error: str = "", description: str = "", scopes: Iterable[str] = ()
) -> str:
    """Return a ``WWW-Authenticate`` for a 401 or 403 (RFC 6750, 3; RFC 9728, 5.1)."""
    params = {
        "error": error,
        "error_description": description,
        "scope": " ".join(scopes),
        "algs": " ".join(dpop.ALGORITHMS) if scheme == "DPoP" else "",
        "resource_metadata": f"{issuer}{RESOURCE_METADATA}",
    }
    return f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in params.items() if value)


def _authentication(endpoint: str, methods: Sequence[str], url: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {f"{endpoint}_endpoint": url} if url else {}
    signing = [*client_authentication.ALGORITHMS]
    return fields | {
        f"{endpoint}_endpoint_auth_methods_supported": [*methods],
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": signing,
    }
