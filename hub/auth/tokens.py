"""The demo officer's own token, where the settings give one: a word, so that a demonstration can be scripted."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from hub.viewer import Viewer, ViewerKind


class Tokens:
    """The one token there is beside those that are issued."""

    def __init__(self, demo_officer: str | None, scopes: frozenset[str]) -> None:
        self._viewer = Viewer(ViewerKind.OFFICER, "demo-officer", scopes)
        self._demo_officer = demo_officer.encode() if demo_officer else None

    def viewer(self, request: Request) -> Viewer | None:
        """The demo officer, if this is the token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_it = scheme.lower() == "bearer" and self._is_demo_officer(token.strip())
        return self._viewer if is_it else None

    def _is_demo_officer(self, token: str) -> bool:
        return self._demo_officer is not None and hmac.compare_digest(token.encode(), self._demo_officer)
