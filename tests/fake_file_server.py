"""A system with files, for tests: items that refer to them, and a real server whose URLs are signed and expire."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hub.complaints.attachments import MAX_BYTES
from hub.contract import File, Raw
from hub.errors import Refused
from hub.http_client import Http
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.sync.pull import Pull, PullResult
from tests.fake_connector import Fake, FakeSettings, World, report
from tests.serving import serve

SEAL = FieldCipher([b"k" * 32], b"s" * 32)
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 9
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 9
PDF = b"%PDF-1.7\n" + b"letter" * 9


class FileConnector(Fake):
    """The fake system with files: each item has ``{source: [name, path]}``, and each pull signs the URLs again."""

    personal = ("payer", "files")
    shelf: FileServer

    async def fetch_one(self, external_id: str) -> Raw | None:
        self.shelf.requests[external_id] += 1
        if self.shelf.trouble:
            raise self.shelf.trouble
        return await super().fetch_one(external_id)

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        return tuple(File(source, name, self.shelf.sign(path)) for source, (name, path) in raw.get("files", {}).items())

    async def fetch(self, file: File) -> bytes:
        if not self.http.is_allowed(file.url):
            raise Refused("the address of the file is not the system's")
        return await self.http.fetch(file.url, most=MAX_BYTES)


@dataclass
class FileServer:
    """The files of a system by path, and the number of downloads of each."""

    contents: dict[str, bytes]
    url: str = ""
    url_key: str = "alive"
    dead: bool = False
    down: bool = False
    trouble: Exception | None = None
    seconds: float = 0.0
    had: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0

    def sign(self, path: str) -> str:
        """Return the URL of ``path``, or ``path`` if it is one. If the URLs are ``dead``, they have expired already."""
        return path if "//" in path else f"{self.url}/{path}?word={'dead' if self.dead else self.url_key}"

    async def serve(self, request: Request) -> Response:
        """Serve the file if its URL has not expired."""
        path = request.path_params["path"]
        self.had[path] += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if self.down:
            return Response(status_code=503)
        if path == "leads-on":
            return RedirectResponse(f"{self.url}/picture?word={self.url_key}")
        if request.query_params.get("word") != self.url_key:
            return Response(status_code=403)
        return Response(self.contents[path])


@dataclass
class FileHub:
    """A hub with that system."""

    database: Database
    shelf: FileServer
    http: Http

    async def pull(self, *items: Raw, full: bool = False) -> PullResult:
        """Pull once from the start; the system lists ``items``."""
        connector = FileConnector(FakeSettings(), self.http, World([list(items)]))
        connector.shelf = self.shelf
        return await Pull(self.database, connector, SEAL).run(full=full)


def report_with_files(ref: str, files: Mapping[str, tuple[str, str]], **over: Any) -> Raw:
    """Return a report with ``files``: source → name and path."""
    return report(ref, files={source: list(names) for source, names in files.items()}, **over)


@asynccontextmanager
async def file_hub(database: Database, contents: Mapping[str, bytes]) -> AsyncIterator[FileHub]:
    """A hub and a file server with ``contents``."""
    shelf = FileServer(dict(contents))
    async with (
        serve(Starlette(routes=[Route("/{path}", shelf.serve)])) as shelf.url,
        Http(shelf.url, deadline=2.0, attempts=1) as http,
    ):
        yield FileHub(database, shelf, http)
