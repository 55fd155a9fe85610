"""The fixed token of the demo officer (``HUB_DEMO_OFFICER_TOKEN``), with which a demonstration can be scripted."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from hub.viewer import Viewer, ViewerKind


class DemoToken:
    """Authenticates the demo officer."""

    def __init__(self, token: str | None, scopes: frozenset[str]) -> None:
        self._viewer = Viewer(ViewerKind.OFFICER, "demo-officer", scopes)
        self._token = token.encode() if token else None

    def viewer(self, request: Request) -> Viewer | None:
        """Return the demo officer if the request has the token, else None."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        matches = scheme.lower() == "bearer" and self._matches(token.strip())
        return self._viewer if matches else None

    def _matches(self, token: str) -> bool:
        return self._token is not None and hmac.compare_digest(token.encode(), self._token)
