"""OpenID Connect for the code flow: the ID token, which says to a client who has signed in (Core 1.0, 2)."""

from __future__ import annotations

from typing import Any

from authlib.oidc.core import OpenIDToken
from joserfc.jwk import Key

from hub.auth import access
from hub.auth.keys import ALGORITHM
from hub.auth.server.exchange import current
from hub.auth.server.registration import Registered
from hub.store.access.users import User


class IdToken(OpenIDToken):
    """An extension of the code grant: with the scope ``openid`` the token response holds an ID token.

    What OpenID Connect asks of the request is seen to elsewhere: by ``Demands``, and by ``Authorize``, who knows
    what silence is. That a nonce comes once is for the client to see to, and PKCE guards the code.
    """

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def resolve_client_private_key(self, client: Registered) -> Key:
        """The key that signs now; one, because of several Authlib would take any."""
        return current.get().signer.key

    def get_client_algorithm(self, client: Registered) -> str:
        """The same for every client."""
        return ALGORITHM

    def get_encode_header(self, client: Registered) -> dict[str, str]:
        """Algorithm and key id."""
        return access.header(current.get().signer)

    def get_client_claims(self, client: Registered) -> dict[str, Any]:
        """Who says it, and to whom: one audience, as a string."""
        return {"iss": self._issuer, "aud": client.get_client_id()}

    def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
        """The user's id and nothing else; the rest is asked of the userinfo endpoint."""
        return {"sub": user.id}


def user_info(user: User) -> dict[str, Any]:
    """What the userinfo endpoint says: the id, and of an officer the agency. No name and no address is kept."""
    if user.kind != "OFFICER":
        return {"sub": user.id, "kind": user.kind}
    return {"sub": user.id, "kind": user.kind, "agency": user.agency_code}
