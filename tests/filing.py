"""A system with files, for tests: items that point to them, and a real server where addresses are signed and die."""

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

from hub.complaints.attachments import MOST_BYTES
from hub.connectors.base import File, Raw
from hub.connectors.http import Http
from hub.errors import Refused
from hub.store.database import Database
from hub.store.sealing import Seal
from hub.sync.pull import Pull, PullResult
from tests.fake import Fake, FakeSettings, World, report
from tests.serving import serve

SEAL = Seal([b"k" * 32], b"s" * 32)
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 9
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 9
PDF = b"%PDF-1.7\n" + b"letter" * 9


class Filing(Fake):
    """Items list their files as ``{source: [name, path]}``; the address of ``path`` is good until it is signed anew."""

    personal = ("payer", "files")
    shelf: Shelf

    async def one(self, external_id: str) -> Raw | None:
        self.shelf.asked[external_id] += 1
        if self.shelf.trouble:
            raise self.shelf.trouble
        return await super().one(external_id)

    def files(self, raw: Mapping[str, Any]) -> tuple[File, ...]:
        return tuple(File(source, name, self.shelf.sign(path)) for source, (name, path) in raw.get("files", {}).items())

    async def fetch(self, file: File) -> bytes:
        if not self.http.may_fetch(file.url):
            raise Refused("the address of the file is not the system's")
        return await self.http.fetch(file.url, most=MOST_BYTES)


@dataclass
class Shelf:
    """The files of a system by path, and how often each was had."""

    contents: dict[str, bytes]
    url: str = ""
    word: str = "alive"
    dead: bool = False
    down: bool = False
    trouble: Exception | None = None
    seconds: float = 0.0
    had: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0

    def sign(self, path: str) -> str:
        """The address of ``path``; of a whole address that one. Where they are ``dead``, it died before it was told."""
        return path if "//" in path else f"{self.url}/{path}?word={'dead' if self.dead else self.word}"

    async def serve(self, request: Request) -> Response:
        """The file, while its address lives."""
        path = request.path_params["path"]
        self.had[path] += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        if self.down:
            return Response(status_code=503)
        if path == "leads-on":
            return RedirectResponse(f"{self.url}/picture?word={self.word}")
        if request.query_params.get("word") != self.word:
            return Response(status_code=403)
        return Response(self.contents[path])


@dataclass
class Filed:
    """A hub with that system."""

    database: Database
    shelf: Shelf
    http: Http

    async def pull(self, *items: Raw, full: bool = False) -> PullResult:
        """One pull that is told ``items`` from the start."""
        connector = Filing(FakeSettings(), self.http, World([list(items)]))
        connector.shelf = self.shelf
        return await Pull(self.database, connector, SEAL).run(full=full)


def filed(ref: str, files: Mapping[str, tuple[str, str]], **over: Any) -> Raw:
    """A report that points to ``files``: source → name and path."""
    return report(ref, files={source: list(told) for source, told in files.items()}, **over)


@asynccontextmanager
async def filing(database: Database, contents: Mapping[str, bytes]) -> AsyncIterator[Filed]:
    """A hub beside a served shelf with ``contents``."""
    shelf = Shelf(dict(contents))
    async with (
        serve(Starlette(routes=[Route("/{path}", shelf.serve)])) as shelf.url,
        Http(shelf.url, deadline=2.0, attempts=1) as http,
    ):
        yield Filed(database, shelf, http)
