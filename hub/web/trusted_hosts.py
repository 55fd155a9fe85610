"""Protection against DNS rebinding: requests must use an allowed host name.

The owner of a domain can let it resolve to this machine after a page was loaded from it; for the browser the hub's
responses then have the same origin as that page. IP addresses and names without a dot cannot be used in this way, so
they are always allowed.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.messages import Bilingual
from hub.web.error_responses import error_body
from hub.web.throttling import OPERATOR_PATHS

_UNKNOWN_HOST = Bilingual(
    "This host name is not allowed; HUB_PUBLIC_URL and HUB_HOSTS set the allowed ones.",
    "Nama host ini tidak diizinkan; HUB_PUBLIC_URL dan HUB_HOSTS menentukan nama yang diizinkan.",
)


class TrustedHostMiddleware:
    """Middleware that rejects requests for host names other than ``allowed_hosts``, except on paths for operators."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        self.app, self._allowed_hosts = app, frozenset(name.lower() for name in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 421 (RFC 9110, 15.5.20)."""
        if (
            scope["type"] in ("http", "websocket")
            and scope["path"] not in OPERATOR_PATHS
            and not self._is_allowed(Headers(scope=scope))
        ):
            body = error_body(scope, _UNKNOWN_HOST, {"code": "UNKNOWN_HOST"})
            await JSONResponse(body, 421)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_allowed(self, headers: Headers) -> bool:
        lines = headers.getlist("host")
        if len(lines) != 1:
            return not lines
        try:
            name = urlsplit(f"//{lines[0]}").hostname or ""
        except ValueError:
            return False
        return name in self._allowed_hosts or "." not in name.rstrip(".") or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
