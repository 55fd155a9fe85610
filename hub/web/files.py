"""``GET /files/{sha256}``: a file of another system, for whoever sees a record that points to it.

A browser must neither guess at it nor run it: the type is the content's own, it is saved rather than shown, and
where it is shown all the same it is in a sandbox. It may be kept, but is asked for anew each time, because what one
may see changes.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.errors import Forbidden, TryLater
from hub.store import files
from hub.store.database import Database
from hub.store.files import Content
from hub.viewer import Viewer, ViewerKind
from hub.web.allowance import Allowances
from hub.web.envelope import Unfit
from hub.web.throttle import address_of

SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """The endpoint; ``viewer`` says who asks."""

    def __init__(
        self, viewer: Callable[[Request], Awaitable[Viewer]], allowances: Allowances, database: Database
    ) -> None:
        self._viewer, self._allowances, self._database = viewer, allowances, database

    async def get(self, request: Request) -> Response:
        """The file, or 304 for whoever has it already and still may."""
        try:
            stored = await self._seen(request)
        except Forbidden as error:
            raise Unfit(403, "FORBIDDEN", str(error)) from None
        except (TryLater, OperationalError, InterfaceError):
            sentence = "The hub cannot tell this now; try again later."
            raise Unfit(503, "TRY_LATER", sentence, {"Retry-After": "5"}) from None
        if stored is None:
            raise Unfit(404, "NOT_FOUND", "There is no such file among the records you may see.")
        tag = f'"{stored.sha256.hex()}"'
        if tag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHING})
        body = files.slices(self._database, stored) if request.method == "GET" else ()
        return StreamingResponse(body, media_type=stored.media_type, headers=_headers(stored, tag))

    async def _seen(self, request: Request) -> Content | None:
        viewer = await self._viewer(request)
        if viewer.kind is ViewerKind.ANONYMOUS:
            raise HTTPException(401, "Send an access token, as Bearer or DPoP.", {"WWW-Authenticate": "Bearer"})
        await self._allowances.enter(viewer, address_of(request))
        asked: str = request.path_params["sha256"]
        if not _SHA256.fullmatch(asked):
            return None
        async with self._database.read() as db:
            return await files.content(db, viewer, bytes.fromhex(asked))


_CACHING = "private, no-cache"


def _headers(stored: Content, tag: str) -> dict[str, str]:
    return {
        "Cache-Control": _CACHING,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name, safe='')}",
        "Content-Length": str(stored.size),
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
