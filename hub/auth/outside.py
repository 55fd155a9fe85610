"""Signs people in through an outside OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core, 3.1).

Only the provider's own name for a person is taken from it: no e-mail address ever decides who
somebody is here.
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

import orjson
from joserfc import jwt

from hub.auth.issuers import InvalidToken, checked, unverified
from hub.auth.jwks import Jwks
from hub.auth.registry import LoginRow
from hub.connectors.http import Http
from hub.errors import HubError, Stop
from hub.store.digests import fresh

PATIENCE = 10.0
"""Seconds the provider has to redeem a code."""
ASSERTION_LIFE = 60
"""Seconds a client assertion of ours lives; some providers accept 120 at most."""
ASSERTED_BY = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class NotSignedIn(HubError):
    """The provider did not sign anybody in. The message is for the log: it holds nothing that was received."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the hub remembers while somebody is at the provider; ``back`` is where they go on afterwards."""

    provider: str
    state: str
    nonce: str
    verifier: str
    back: str


class Provider:
    """One provider; ``callback`` is the redirect URI the hub is registered with there."""

    def __init__(self, row: LoginRow, callback: str) -> None:
        self.row, self._callback = row, callback
        self._keys = Jwks(row.jwks_uri, row.cooldown)
        self._key = row.key() if row.client_key else None

    def begin(self, back: str) -> tuple[str, Begun]:
        """Where to send the browser, and what to remember."""
        begun = Begun(self.row.name, fresh(), fresh(), fresh(), back)
        asked = {
            "response_type": "code",
            "client_id": self.row.client_id,
            "redirect_uri": self._callback,
            "scope": self.row.scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in self.row.authorization_endpoint else "?"
        return f"{self.row.authorization_endpoint}{joint}{urlencode(asked)}", begun

    async def finish(self, begun: Begun, told: Mapping[str, str]) -> str:
        """Who signed in, by the provider's own name, from the parameters ``told`` to the callback.

        ``NotSignedIn`` when nobody did or something does not fit; ``TryLater`` when the provider is down.
        """
        if not hmac.compare_digest(told.get("state", "").encode(), begun.state.encode()):
            raise NotSignedIn("the state is not this browser's")
        # A code of another provider would be brought to this one (RFC 9207).
        if told.get("iss", self.row.issuer) != self.row.issuer:
            raise NotSignedIn("the answer is another issuer's")
        if "code" not in told:
            raise NotSignedIn("the provider sent no code")
        return await self._subject(await self._redeem(told["code"], begun.verifier), begun.nonce)

    def published(self) -> dict[str, Any]:
        """The JWK Set the provider knows the hub by."""
        own = {"alg": BY_CURVE[self._key.curve_name], "use": "sig"} if self._key else {}
        return {"keys": [{**self._key.as_dict(private=False), **own}] if self._key else []}

    async def _redeem(self, code: str, verifier: str) -> str:
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._callback}
        headers, shown = self._shows_who_it_is()
        body = urlencode({**asked, "code_verifier": verifier, **shown}).encode()
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            async with Http(self.row.token_endpoint, deadline=PATIENCE, attempts=1) as http:
                answer = await http.send("POST", "", idempotent=False, headers=headers, content=body)
            told = orjson.loads(answer.content) if answer.is_success else None
        except (Stop, ValueError) as error:
            raise NotSignedIn(f"the provider's answer cannot be read ({type(error).__name__})") from None
        if not isinstance(told, dict) or not isinstance(told.get("id_token"), str):
            raise NotSignedIn(f"the provider gave no ID token (HTTP {answer.status_code})")
        return str(told["id_token"])

    def _shows_who_it_is(self) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and parameters of client authentication: an assertion (RFC 7523), or the secret (RFC 6749, 2.3.1)."""
        own = self.row.client_id
        if self._key is None:
            assert self.row.client_secret
            pair = f"{quote_plus(own)}:{quote_plus(self.row.client_secret.get_secret_value())}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}
        now, algorithm = int(time.time()), BY_CURVE[self._key.curve_name]
        claims = {"iss": own, "sub": own, "aud": self.row.issuer, "jti": fresh(), "iat": now}
        header = {"alg": algorithm, "kid": self._key.kid}
        signed = jwt.encode(header, {**claims, "exp": now + ASSERTION_LIFE}, self._key, [algorithm])
        return {}, {"client_id": own, "client_assertion_type": ASSERTED_BY, "client_assertion": signed}

    async def _subject(self, token: str, nonce: str) -> str:
        row = self.row
        try:
            header, _ = unverified(token)
            claims = await checked(token, header, self._keys, row.algorithms, row.issuer, row.client_id)
        except InvalidToken as error:
            raise NotSignedIn(str(error)) from error
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(errors="replace"), nonce.encode()):
            raise NotSignedIn("the ID token is of another sign-in")
        if claims.get("azp", row.client_id) != row.client_id:
            raise NotSignedIn("the ID token was issued to another client")
        return str(claims["sub"])


def _challenge(verifier: str) -> str:
    """S256 (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
