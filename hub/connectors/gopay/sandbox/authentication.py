"""Authenticates calls to the sandbox: token, signature, time, partner, external id.

Contract gopay#access-token, gopay#signed-requests.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request

from hub.connectors.gopay import signing
from hub.connectors.gopay.responses import Refused, instant, malformed, require, unauthorized
from hub.connectors.gopay.settings import GopaySettings
from hub.connectors.gopay.status_inquiry import basic

TOLERANCE = timedelta(seconds=120)
LIFE = timedelta(seconds=900)
_MANDATORY = ("Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID")


class Authentication:
    """Authenticates calls by the credentials in ``settings``; timestamps are compared with ``clock``."""

    def __init__(self, settings: GopaySettings, clock: Callable[[], datetime]) -> None:
        self._settings, self._clock = settings, clock
        self._public_key = settings.private_key().public_key()
        self._tokens: dict[str, datetime] = {}
        self._used: dict[date, set[tuple[str, str]]] = {}

    def issue_token(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, str]:
        """Return a token for a correctly signed request; ``grantType`` may also be ``grant_type``."""
        require(headers, "X-TIMESTAMP", "X-CLIENT-KEY", "X-SIGNATURE")
        if (body.get("grantType") or body.get("grant_type")) != "client_credentials":
            raise malformed("grantType")
        self._check_time(headers["X-TIMESTAMP"])
        key, at = self._settings.need("client_key"), headers["X-TIMESTAMP"]
        if headers["X-CLIENT-KEY"] != key:
            raise unauthorized("Unknown client")
        if not signing.is_asymmetric_signature(headers["X-SIGNATURE"], self._public_key, key, at):
            raise unauthorized("Signature")
        token = secrets.token_urlsafe(32)
        self._tokens = {known: end for known, end in self._tokens.items() if end > self._clock()}
        self._tokens[token] = self._clock() + LIFE
        return {"accessToken": token, "tokenType": "Bearer", "expiresIn": f"{LIFE.total_seconds():.0f}"}

    def is_server_key(self, authorization: str) -> bool:
        """Return whether that is the server key as Basic, as Midtrans' Core API requires."""
        expected = basic(self._settings.need("server_key"))["Authorization"]
        return hmac.compare_digest(authorization.encode(), expected.encode())

    def expire_tokens(self) -> None:
        """Expire every token now."""
        self._tokens = dict.fromkeys(self._tokens, self._clock())

    def check(self, request: Request, body: bytes) -> None:
        """Accept a transaction request, or raise ``Refused``; its external id is used up in both cases."""
        headers = request.headers
        require(headers, *_MANDATORY)
        if headers["X-PARTNER-ID"] != self._settings.need("partner_id"):
            raise Refused(404, "16", "Partner Not Found")
        self._use_up(headers["X-PARTNER-ID"], headers["X-EXTERNAL-ID"])
        if not re.fullmatch(r"[0-9A-Za-z]{5}", headers["CHANNEL-ID"]):
            raise malformed("CHANNEL-ID")
        self._check_time(headers["X-TIMESTAMP"])
        token = self._check_token(headers["Authorization"])
        secret, endpoint = self._settings.need("client_secret"), _endpoint(request)
        signature, at = headers["X-SIGNATURE"], headers["X-TIMESTAMP"]
        if not signing.is_symmetric_signature(signature, secret, request.method, endpoint, token, body, at):
            raise unauthorized("Signature")

    def _check_time(self, value: str) -> None:
        at = instant(value, "X-TIMESTAMP")
        if abs(at - self._clock()) > TOLERANCE:
            raise unauthorized("X-TIMESTAMP")

    def _check_token(self, authorization: str) -> str:
        scheme, _, token = authorization.partition(" ")
        end = self._tokens.get(token)
        if scheme != "Bearer" or end is None:
            raise Refused(401, "03", "Token Not Found (B2B)")
        if end <= self._clock():
            raise Refused(401, "01", "Invalid Token (B2B)")
        return token

    def _use_up(self, partner: str, external_id: str) -> None:
        """Use an id up: it is valid once for each partner and day in Jakarta, across services."""
        if not re.fullmatch(r"[0-9A-Za-z]{1,36}", external_id):
            raise malformed("X-EXTERNAL-ID")
        today = self._clock().astimezone(signing.JAKARTA).date()
        self._used = {today: self._used.get(today, set())}
        if (partner, external_id) in self._used[today]:
            raise Refused(409, "00", "Conflict")
        self._used[today].add((partner, external_id))


def _endpoint(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
