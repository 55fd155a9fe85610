"""``GET /files/{sha256}``: a file of another system, for whoever sees a record that points to it.

A browser must neither guess at it nor run it: the type is the content's own, it is saved rather than shown, and
where it is shown all the same it is in a sandbox. It may be kept, but is asked for anew each time, because what one
may see changes.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.store.database import Database
from hub.store.reading import files
from hub.store.reading.files import Content
from hub.web.entrance import Entrance
from hub.web.envelope import Unfit

SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """The endpoint."""

    def __init__(self, entrance: Entrance, database: Database) -> None:
        self._entrance, self._database = entrance, database

    async def get(self, request: Request) -> Response:
        """The file, or 304 for whoever has it already and still may."""
        stored = await self._seen(request)
        if stored is None:
            raise Unfit(404, "NOT_FOUND", "There is no such file among the records you may see.")
        tag = f'"{stored.sha256.hex()}"'
        if tag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHING})
        body = files.slices(self._database, stored) if request.method == "GET" else ()
        return StreamingResponse(body, media_type=stored.media_type, headers=_headers(stored, tag))

    async def _seen(self, request: Request) -> Content | None:
        asked: str = request.path_params["sha256"]
        # An operation of a pinned client told the address, so that a pinned client may follow it.
        async with self._entrance.of(request, pinned=True) as allowance:
            if not _SHA256.fullmatch(asked):
                return None
            async with self._database.read() as db:
                return await files.content(db, allowance.viewer, bytes.fromhex(asked))


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
