"""OpenID Connect for the code flow: the ID token, which identifies the user to a client (Core 1.0, 2)."""

from __future__ import annotations

from typing import Any

from authlib.oidc.core import OpenIDToken
from joserfc.jwk import Key

from hub.auth import access_tokens
from hub.auth.server.client_metadata import RegisteredClient
from hub.auth.server.request_context import current
from hub.auth.signing_keys import ALGORITHM
from hub.store.oauth.users import User


class IdToken(OpenIDToken):
    """An extension of the code grant: with the scope ``openid`` the token response holds an ID token.

    ``AuthorizationRequestChecks`` validates the parameters of OpenID Connect, and ``AuthorizationEndpoint`` handles
    ``prompt=none``. The client itself has to check that a nonce is used once; PKCE protects the code.
    """

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def resolve_client_private_key(self, client: RegisteredClient) -> Key:
        """Return the current signing key; of several, Authlib would choose any."""
        return current.get().signer.key

    def get_client_algorithm(self, client: RegisteredClient) -> str:
        """Return the algorithm, which is the same for every client."""
        return ALGORITHM

    def get_encode_header(self, client: RegisteredClient) -> dict[str, str]:
        """Return algorithm and key id."""
        return access_tokens.header(current.get().signer)

    def get_client_claims(self, client: RegisteredClient) -> dict[str, Any]:
        """Return issuer and audience: one audience, as a string."""
        return {"iss": self._issuer, "aud": client.get_client_id()}

    def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
        """Return the user's id; the userinfo endpoint returns more."""
        return {"sub": user.id}


def user_info(user: User) -> dict[str, Any]:
    """Return the body of the userinfo endpoint: the id, and an officer's agency. The hub stores no name or address."""
    if user.kind != "OFFICER":
        return {"sub": user.id, "kind": user.kind}
    return {"sub": user.id, "kind": user.kind, "agency": user.agency_code}
