"""Signs users in through an OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core, 3.1).

Users are identified by the provider's subject alone; an e-mail address is never used for that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt

from hub.auth.issuer_config import LoginRow
from hub.auth.jwks import Jwks
from hub.auth.trusted_issuers import InvalidToken, decode_unverified, verify_claims
from hub.errors import ConfigurationError, HubError
from hub.http_client import Http
from hub.http_client.response_body import json_of
from hub.store.secret_hashes import generate_secret

TIMEOUT = 10.0
"""Seconds that the provider has to redeem a code."""
ASSERTION_LIFETIME = 60
"""The lifetime of a client assertion in seconds; some providers accept at most 120."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHM_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class SignInFailed(HubError):
    """The provider did not sign the user in. The message is for the log and contains no received data."""


@dataclass(frozen=True, slots=True)
class AuthorizationState:
    """The state of a sign-in while the user is at the provider; ``back`` is the request to continue with."""

    provider: str
    state: str
    nonce: str
    verifier: str
    back: str


class OidcProvider:
    """One provider; ``callback`` is the redirect URI that the hub is registered with."""

    def __init__(self, row: LoginRow, callback: str) -> None:
        self.row, self._callback = row, callback
        self._keys = Jwks(row.jwks_uri, row.cooldown)
        self._key = row.key() if row.client_key else None

    def start(self, back: str) -> tuple[str, AuthorizationState]:
        """Return the URL to redirect the browser to, and the state to keep."""
        state = AuthorizationState(self.row.name, generate_secret(), generate_secret(), generate_secret(), back)
        params = {
            "response_type": "code",
            "client_id": self.row.client_id,
            "redirect_uri": self._callback,
            "scope": self.row.scope,
            "state": state.state,
            "nonce": state.nonce,
            "code_challenge": _challenge(state.verifier),
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in self.row.authorization_endpoint else "?"
        return f"{self.row.authorization_endpoint}{separator}{urlencode(params)}", state

    async def complete(self, state: AuthorizationState, params: Mapping[str, str]) -> str:
        """Return the subject of the user from the parameters of the callback.

        Raises ``SignInFailed`` if the user did not sign in or a check fails, ``TryLater`` if the provider is
        unavailable.
        """
        if not hmac.compare_digest(params.get("state", "").encode(), state.state.encode()):
            raise SignInFailed("the state is of another browser")
        # Mix-up attack: the code is another provider's (RFC 9207).
        if params.get("iss", self.row.issuer) != self.row.issuer:
            raise SignInFailed("the response is of another issuer")
        if "code" not in params:
            raise SignInFailed("the provider sent no code")
        return await self._subject(await self._redeem(params["code"], state.verifier), state.nonce)

    def public_jwks(self) -> dict[str, Any]:
        """Return the JWK Set with the hub's public key for this provider."""
        metadata = {"alg": ALGORITHM_BY_CURVE[self._key.curve_name], "use": "sig"} if self._key else {}
        return {"keys": [{**self._key.as_dict(private=False), **metadata}] if self._key else []}

    async def _redeem(self, code: str, verifier: str) -> str:
        params = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._callback}
        headers, credentials = self._client_credentials()
        body = urlencode({**params, "code_verifier": verifier, **credentials}).encode()
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            async with Http(self.row.token_endpoint, deadline=TIMEOUT, attempts=1) as http:
                response = await http.send("POST", "", idempotent=False, headers=headers, content=body)
            tokens = json_of(response.content) if response.is_success else None
        except (ConfigurationError, ValueError) as error:
            raise SignInFailed(f"the provider's response cannot be read ({type(error).__name__})") from None
        if not isinstance(tokens, dict) or not isinstance(tokens.get("id_token"), str):
            raise SignInFailed(f"the provider sent no ID token (HTTP {response.status_code})")
        return str(tokens["id_token"])

    def _client_credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headers and parameters that authenticate the client.

        It has an assertion (RFC 7523) or a secret (RFC 6749, 2.3.1).
        """
        client_id = self.row.client_id
        if self._key is None:
            assert self.row.client_secret
            pair = f"{quote_plus(client_id)}:{quote_plus(self.row.client_secret.get_secret_value())}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}
        now, algorithm = int(time.time()), ALGORITHM_BY_CURVE[self._key.curve_name]
        claims = {"iss": client_id, "sub": client_id, "aud": self.row.issuer, "jti": generate_secret(), "iat": now}
        header = {"alg": algorithm, "kid": self._key.kid}
        signed = jwt.encode(header, {**claims, "exp": now + ASSERTION_LIFETIME}, self._key, [algorithm])
        return {}, {"client_id": client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    async def _subject(self, token: str, nonce: str) -> str:
        row = self.row
        try:
            header, _ = decode_unverified(token)
            claims = await verify_claims(token, header, self._keys, row.algorithms, row.issuer, row.client_id)
        except InvalidToken as error:
            raise SignInFailed(str(error)) from error
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(errors="replace"), nonce.encode()):
            raise SignInFailed("the ID token is of another sign-in")
        if claims.get("azp", row.client_id) != row.client_id:
            raise SignInFailed("the ID token was issued to another client")
        return str(claims["sub"])


def _challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
