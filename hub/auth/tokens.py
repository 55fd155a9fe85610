"""Makes the viewer from a request's bearer token (RFC 6750).

For now one token is known, the demo officer's, and only where the settings give one; without a
token a request is anonymous. A token that is not known is refused rather than ignored.
"""

from __future__ import annotations

import hmac

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth import scopes
from hub.viewer import ANONYMOUS, Viewer, ViewerKind

DEMO_OFFICER = Viewer(ViewerKind.OFFICER, "demo-officer", scopes.DESK)
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The token is not valid."'}


class Tokens:
    """The tokens this process accepts."""

    def __init__(self, demo_officer: str | None) -> None:
        self._demo_officer = demo_officer.encode() if demo_officer else None

    def viewer(self, request: Request) -> Viewer:
        """Who asks; ``HTTPException`` 401 for a token that is not valid."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return ANONYMOUS
        if scheme.lower() == "bearer" and self._is_demo_officer(token.strip()):
            return DEMO_OFFICER
        raise HTTPException(401, "The token is not valid.", _CHALLENGE)

    def _is_demo_officer(self, token: str) -> bool:
        return self._demo_officer is not None and hmac.compare_digest(token.encode(), self._demo_officer)
