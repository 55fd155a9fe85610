"""Keeps other sites from sending our forms: a token bound to browser and session, and where a form came from."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.server.interaction import Interaction
from hub.errors import HubError
from hub.store.digests import fresh

MOST = 20
"""Fields a form of ours may have."""
LONGEST = 8_000
"""Characters one field may have."""


class Forged(HubError):
    """The form is not one that this browser got from us, or is too old."""


class Forms:
    """The forms of one hub; ``issuer`` is its origin, ``secret`` its secret key."""

    def __init__(self, issuer: str, secret: bytes, interaction: Interaction) -> None:
        self._issuer, self._interaction = issuer, interaction
        self._key = hashlib.blake2b(b"forms", key=secret[:64], digest_size=32).digest()
        self.cookie = "__Host-hub-form" if interaction.https else "hub-form"

    def begin(self, request: Request) -> tuple[str, str]:
        """The browser's own secret, new or as it has it already, and the token for a form."""
        kept = request.cookies.get(self.cookie) or fresh()
        return kept, self._token(request, kept)

    def give(self, response: Response, kept: str) -> None:
        """Let the browser keep its secret; it ends with the browser."""
        response.set_cookie(self.cookie, kept, path="/", secure=self._interaction.https, httponly=True, samesite="lax")

    async def read(self, request: Request) -> Mapping[str, str]:
        """The fields of a form of ours; ``Forged`` for any other."""
        if not self._is_ours(request):
            raise Forged("the form came from another site")
        try:
            pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST)
        except ValueError:
            raise Forged("the form cannot be read") from None
        fields = dict(pairs)
        if len(fields) != len(pairs) or any(len(value) > LONGEST or "\0" in value for value in fields.values()):
            raise Forged("a field of the form is there twice, too long, or no text")
        kept = request.cookies.get(self.cookie)
        given = fields.get("form", "").encode()
        if not kept or not hmac.compare_digest(given, self._token(request, kept).encode()):
            raise Forged("the form's token is not this browser's")
        return fields

    def _is_ours(self, request: Request) -> bool:
        """What browsers say themselves; those that say nothing have the token to show."""
        own = {self._issuer, str(request.base_url).rstrip("/")}
        origin = request.headers.get("origin")
        return request.headers.get("sec-fetch-site", "same-origin") == "same-origin" and origin in {None, *own}

    def _token(self, request: Request, kept: str) -> str:
        session = request.cookies.get(self._interaction.cookie, "")
        return hmac.new(self._key, f"{kept}\0{session}".encode(errors="replace"), hashlib.sha256).hexdigest()
