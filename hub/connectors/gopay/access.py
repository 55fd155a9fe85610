"""The way in to the payment provider: the B2B token, signed calls, and what an answer's code means.

Contracts B.1 to B.3 and L.6.
"""

from __future__ import annotations

import json
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
from hub.connectors.http import Http
from hub.errors import Stop, TryLater

TOKEN = "/v1.0/access-token/b2b"  # noqa: S105 — a path
RENEW_BEFORE = 30.0
"""Seconds before its end at which a token is renewed, so that none runs out on the way."""

_NOT_FOUND, _ID_TAKEN = re.compile(r"404\d\d01"), re.compile(r"409\d\d00")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said. ``code`` is HTTP status, service and case (contract B.3); ``body`` the JSON object."""

    code: str
    body: dict[str, Any]

    def complaint(self, path: str) -> str:
        """One sentence on a refusal, with the provider's own message."""
        message = str(self.body.get("responseMessage", ""))[:150]
        return f"{path} was refused: {self.code} {message}".rstrip()


class Access:
    """Signed calls to one provider, with one token for all of them until it runs out."""

    def __init__(self, settings: GopaySettings, http: Http) -> None:
        self._settings, self._http = settings, http
        self._token, self._renew_at = "", 0.0

    async def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a question that changes nothing; None for "transaction not found".

        A 401 is met by one fresh token and a taken external id by one new one; what is then still
        refused is ``Stop``, what is under way or broken there is ``TryLater``.
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
        return succeeded(answer, path)

    async def _call(self, path: str, content: bytes) -> Answer:
        token = await self._current_token()
        headers = partial(self._headers, path, token, content)
        return read(await self._http.send("POST", path, idempotent=True, headers=headers, content=content), path)

    def _headers(self, path: str, token: str, content: bytes) -> dict[str, str]:
        """Headers of one attempt: every one has its own time and id, because a refused call has used its id up."""
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
            asked = monotonic()
            response = await self._http.send("POST", TOKEN, idempotent=True, headers=sign, content=content)
            body = succeeded(read(response, TOKEN), TOKEN)
            self._token, life = granted(body)
            self._renew_at = asked + max(life - RENEW_BEFORE, life / 2)
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
    """A new X-EXTERNAL-ID: 32 random digits, which fit those who want numbers and those who take letters too."""
    return f"{secrets.randbelow(10**32):032}"


def granted(body: Mapping[str, Any]) -> tuple[str, float]:
    """The token and its life in seconds, which the contract tells as a string (B.1)."""
    token, life = body.get("accessToken"), str(body.get("expiresIn", ""))
    if not isinstance(token, str) or not token or not re.fullmatch(r"[0-9]{1,9}", life):
        raise Stop(f"{TOKEN} gave no accessToken with an expiresIn in seconds")
    return token, float(life)


def read(response: httpx.Response, path: str) -> Answer:
    """The answer and its code; where the body has none, the HTTP status stands for it.

    HTTP 200 without a code is no answer of this contract: ``Stop``.
    """
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    code = str(body.get("responseCode", "")) if isinstance(body, dict) else ""
    if re.fullmatch(r"[0-9]{7}", code):
        return Answer(code, body)
    if response.status_code == httpx.codes.OK:
        raise Stop(f"{path} answered without a responseCode; does HUB_GOPAY_URL end before /v1.0?")
    return Answer(f"{response.status_code}0000", {})


def succeeded(answer: Answer, path: str) -> dict[str, Any]:
    """The body of a success; the code in the body decides, whatever the HTTP status was (contract B.3)."""
    status = int(answer.code[:3])
    if status == httpx.codes.OK:
        return answer.body
    if status in {httpx.codes.ACCEPTED, httpx.codes.TOO_MANY_REQUESTS} or status >= 500:
        raise TryLater(answer.complaint(path))
    raise Stop(answer.complaint(path))
