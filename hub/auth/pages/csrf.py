"""CSRF protection: a token bound to browser and session, and a check of the form's origin."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.server.sessions import BrowserSessions
from hub.errors import HubError
from hub.store.secret_hashes import generate_secret

MAX_FIELDS = 20
"""The maximum number of fields in a form."""
MAX_LENGTH = 8_000
"""The maximum length of one field."""


class CsrfError(HubError):
    """The form was not issued to this browser, or has expired."""


class CsrfForms:
    """The forms of one hub; ``issuer`` is its origin, ``secret`` its secret key."""

    def __init__(self, issuer: str, secret: bytes, sessions: BrowserSessions) -> None:
        self._issuer, self._sessions = issuer, sessions
        self._key = hashlib.blake2b(b"forms", key=secret[:64], digest_size=32).digest()
        self.cookie = "__Host-hub-form" if sessions.https else "hub-form"

    def issue(self, request: Request) -> tuple[str, str]:
        """Return the browser's secret, new or from its cookie, and the token for a form."""
        secret = request.cookies.get(self.cookie) or generate_secret()
        return secret, self._token(request, secret)

    def set_cookie(self, response: Response, secret: str) -> None:
        """Set the cookie with the browser's secret, which ends with the browser."""
        response.set_cookie(self.cookie, secret, path="/", secure=self._sessions.https, httponly=True, samesite="lax")

    async def read(self, request: Request, max_fields: int = MAX_FIELDS) -> Mapping[str, str]:
        """Return the fields of a form; ``CsrfError`` if it was not issued to this browser."""
        if not self._is_same_origin(request):
            raise CsrfError("the form came from another site")
        try:
            pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=max_fields)
        except ValueError:
            raise CsrfError("the form cannot be read") from None
        fields = dict(pairs)
        if len(fields) != len(pairs) or any(len(value) > MAX_LENGTH or "\0" in value for value in fields.values()):
            raise CsrfError("a field of the form is repeated, too long, or not text")
        secret = request.cookies.get(self.cookie)
        token = fields.get("form", "").encode()
        if not secret or not hmac.compare_digest(token, self._token(request, secret).encode()):
            raise CsrfError("the form's token is of another browser")
        return fields

    def _is_same_origin(self, request: Request) -> bool:
        """Check the headers of the browser; a browser without them is checked by the token alone."""
        own = {self._issuer, str(request.base_url).rstrip("/")}
        origin = request.headers.get("origin")
        return request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and origin in {None, *own}

    def _token(self, request: Request, secret: str) -> str:
        session = request.cookies.get(self._sessions.cookie, "")
        return hmac.new(self._key, f"{secret}\0{session}".encode(errors="replace"), hashlib.sha256).hexdigest()
