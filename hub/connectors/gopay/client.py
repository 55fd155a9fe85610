"""The client of the payment provider: the B2B token, signed calls, and the meaning of response codes.

Contract gopay#access-token, gopay#signed-requests, gopay#response-codes.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from hub.connectors.gopay import signing
from hub.connectors.gopay.settings import GopaySettings
from hub.errors import ConfigurationError, ContractBroken, TryLater
from hub.http_client import Http
from hub.http_client.response_body import Unreadable, json_of

TOKEN = "/v1.0/access-token/b2b"  # noqa: S105 — a path
RENEW_BEFORE = 30.0
"""Seconds before its expiry at which a token is renewed, so that none expires in a request."""

_NOT_FOUND, _ID_TAKEN = re.compile(r"404\d\d01"), re.compile(r"409\d\d00")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the provider. ``code`` is HTTP status, service and case; ``body`` the JSON object.

    Contract gopay#response-codes.
    """

    code: str
    body: dict[str, Any]

    def refusal(self, path: str) -> str:
        """Return one sentence on a refusal, with the provider's own message."""
        message = str(self.body.get("responseMessage", ""))[:150]
        return f"{path} was refused: {self.code} {message}".rstrip()


class GopayClient:
    """Signed calls to one provider, with one token for all of them until it expires."""

    def __init__(self, settings: GopaySettings, http: Http) -> None:
        self._settings, self._http = settings, http
        self._token, self._renew_at = "", 0.0

    async def request(self, path: str, body: Mapping[str, Any], *, single: bool = False) -> dict[str, Any] | None:
        """Return the answer to a request that changes nothing; None for "transaction not found".

        After a 401 the call is repeated once with a fresh token, after a used external id once with a new one. Raise
        ``ConfigurationError`` if it is still refused, ``TryLater`` if the provider reports progress or a failure. For
        a ``single`` payment, only a 401 is ``ConfigurationError``: other refusals may concern that payment alone.
        """
        content = signing.dumped(body)
        answer = await self._call(path, content)
        if answer.code.startswith("401"):
            self._token = ""
            answer = await self._call(path, content)
        if _ID_TAKEN.match(answer.code):
            answer = await self._call(path, content)
        if _NOT_FOUND.match(answer.code):
            return None
        try:
            return require_success(answer, path)
        except ConfigurationError as refused:
            if not single or answer.code.startswith("401"):
                raise
            raise TryLater(str(refused)) from None

    async def _call(self, path: str, content: bytes) -> Answer:
        token = await self._current_token()
        headers = partial(self._headers, path, token, content)
        return read(await self._http.send("POST", path, idempotent=True, headers=headers, content=content), path)

    def _headers(self, path: str, token: str, content: bytes) -> dict[str, str]:
        """Return the headers of one attempt, with a new time and id: even a refused call uses its id up."""
        need, at = self._settings.need, signing.timestamp(datetime.now(UTC))
        endpoint = self._http.base_path + path
        return {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
            "X-TIMESTAMP": at,
            "X-SIGNATURE": signing.symmetric_signature(need("client_secret"), "POST", endpoint, token, content, at),
            "X-PARTNER-ID": need("partner_id"),
            "X-EXTERNAL-ID": external_id(),
            "CHANNEL-ID": need("channel_id"),
        }

    async def _current_token(self) -> str:
        if not self._token or monotonic() >= self._renew_at:
            content, sign = signing.dumped({"grantType": "client_credentials"}), self._token_headers()
            requested_at = monotonic()
            response = await self._http.send("POST", TOKEN, idempotent=True, headers=sign, content=content)
            body = require_success(read(response, TOKEN), TOKEN)
            self._token, life = parse_token(body)
            self._renew_at = requested_at + max(life - RENEW_BEFORE, life / 2)
        return self._token

    def _token_headers(self) -> partial[dict[str, str]]:
        return partial(_signed_by, self._settings.private_key(), self._settings.need("client_key"))


def _signed_by(key: RSAPrivateKey, client_key: str) -> dict[str, str]:
    at = signing.timestamp(datetime.now(UTC))
    return {
        "Content-Type": "application/json",
        "X-TIMESTAMP": at,
        "X-CLIENT-KEY": client_key,
        "X-SIGNATURE": signing.asymmetric_signature(key, client_key, at),
    }


def external_id() -> str:
    """Return a new X-EXTERNAL-ID: 32 random digits, valid for providers that accept numbers only."""
    return f"{secrets.randbelow(10**32):032}"


def parse_token(body: Mapping[str, Any]) -> tuple[str, float]:
    """Return the token and its lifetime in seconds, which is a string in the contract (gopay#access-token)."""
    token, life = body.get("accessToken"), str(body.get("expiresIn", ""))
    if not isinstance(token, str) or not token or not re.fullmatch(r"[0-9]{1,9}", life):
        raise ContractBroken(f"{TOKEN} gave no accessToken with an expiresIn in seconds")
    return token, float(life)


def read(response: httpx.Response, path: str) -> Answer:
    """Return the answer and its code; without one in the body, the HTTP status replaces it.

    Raise ``ContractBroken`` for HTTP 200 without a code, and for a body that is no JSON object.
    """
    try:
        body = json_of(response.content)
    except Unreadable:
        body = None
    code = str(body.get("responseCode", "")) if isinstance(body, dict) else ""
    if re.fullmatch(r"[0-9]{7}", code):
        return Answer(code, body)
    if response.status_code == httpx.codes.OK or not isinstance(body, dict):
        raise ContractBroken(
            f"{path} answered HTTP {response.status_code} without a responseCode; does HUB_GOPAY_URL end before /v1.0?"
        )
    return Answer(f"{response.status_code}0000", {})


def require_success(answer: Answer, path: str) -> dict[str, Any]:
    """Return the body of a success; its code decides, whatever the HTTP status is (contract gopay#response-codes)."""
    status = int(answer.code[:3])
    if status == httpx.codes.OK:
        return answer.body
    if status in {httpx.codes.ACCEPTED, httpx.codes.TOO_MANY_REQUESTS} or status >= 500:
        raise TryLater(answer.refusal(path))
    raise ConfigurationError(answer.refusal(path))
