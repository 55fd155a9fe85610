"""``GET /files/{sha256}``: a file of another system, for viewers who may see a record that refers to it.

A browser must not execute the file: its media type is detected from the content, it is sent as an attachment, and a
Content-Security-Policy puts it into a sandbox. A browser may cache it but must revalidate it each time, because the
viewer's access may change.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.api.authentication import EndpointAuth
from hub.messages import Bilingual
from hub.store import audit
from hub.store.database import Cause, Database
from hub.store.queries import files
from hub.store.queries.files import StoredFile
from hub.viewer import Viewer
from hub.web.headers import header
from hub.web.middleware import request_id
from hub.web.request_error import RequestError
from hub.web.throttling import network_of

SANDBOX_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileEndpoint:
    """The endpoint."""

    def __init__(self, auth: EndpointAuth, database: Database) -> None:
        self._auth, self._database = auth, database

    async def get(self, request: Request) -> Response:
        """Return the file, or 304 if the client has it already and may still see it."""
        stored = await self._find(request)
        if stored is None:
            raise RequestError(
                404,
                "NOT_FOUND",
                Bilingual(
                    "The file does not exist or is not visible to you.",
                    "Berkas tidak ada atau tidak dapat Anda lihat.",
                ),
            )
        tag = f'"{stored.sha256.hex()}"'
        if tag in [each.strip().removeprefix("W/") for each in header(request, "if-none-match").split(",")]:
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHE_CONTROL})
        body = files.stream(self._database, stored) if request.method == "GET" else ()
        return StreamingResponse(body, media_type=stored.media_type, headers=_headers(stored, tag))

    async def _find(self, request: Request) -> StoredFile | None:
        sha256: str = request.path_params["sha256"]
        # Persisted operations return these URLs, so clients limited to persisted operations may follow them.
        async with self._auth.authenticate(request, allow_persisted_only=True) as quota:
            if not _SHA256.fullmatch(sha256):
                return None
            async with self._database.read() as db:
                found = await files.find_file(db, quota.viewer, bytes.fromhex(sha256))
            if found and found.secret:
                await self._record(request, quota.viewer, found)
            return found

    async def _record(self, request: Request, viewer: Viewer, found: StoredFile) -> None:
        cause = Cause("files", viewer.name, request_id(request), viewer.client, network_of(request))
        await audit.record_reads(self._database, cause, audit.READ_SECRET, [found.subject])


_CACHE_CONTROL = "private, no-cache"


def _headers(stored: StoredFile, tag: str) -> dict[str, str]:
    return {
        "Cache-Control": _CACHE_CONTROL,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name, safe='')}",
        "Content-Length": str(stored.size),
        "Content-Security-Policy": SANDBOX_CSP,
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
