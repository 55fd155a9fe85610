"""The database is away for a while during a stream: it goes on, or ends with a code that leads on; nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from hub.app import build
from hub.concurrency import cancel_and_wait
from hub.streams import following
from tests.api.streams.harness import Place, upcoming
from tests.fake_connector import payment
from tests.serving import serve
from tests.waits import hanging

PORT = ".s.PGSQL.5432"


@dataclass
class Line:
    """The hub's way to the database at ``target``, which can be cut; the tests have one of their own."""

    target: URL
    folder: Path
    _server: asyncio.Server | None = None
    _links: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The URL of the database through the line."""
        through = self.target.set(host=None, port=None, query={"host": str(self.folder)})
        return through.render_as_string(hide_password=False)

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.folder / PORT)

    async def cut(self) -> None:
        """End every connection, and refuse new ones."""
        assert self._server
        self._server.close()
        (self.folder / PORT).unlink()
        await cancel_and_wait(self._links)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link
        self._links.add(link)
        ends = [writer]
        try:
            far_reader, far_writer = await self._connect()
            ends.append(far_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(forward(reader, far_writer))
                both.create_task(forward(far_reader, writer))
        except (asyncio.CancelledError, OSError):
            return
        finally:
            self._links.discard(link)
            for each in ends:
                each.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.target.host:
            return await asyncio.open_connection(self.target.host, self.target.port or 5432)
        return await asyncio.open_unix_connection(f"{self.target.query['host']}/{PORT}")


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def behind(place: Place, folder: Path) -> AsyncIterator[tuple[Place, Line]]:
    """Yield another process of the hub, whose connections to the database can be cut."""
    line = Line(make_url(place.stage.settings.database_url or ""), folder)
    async with AsyncExitStack() as stack:
        await line.mend()
        app = build(place.stage.settings.model_copy(update={"database_url": line.url}))
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield replace(place, app=app, url=await stack.enter_async_context(serve(app))), line
    await line.cut()


@pytest.mark.whole
async def test_a_stream_loses_nothing_in_an_outage(
    place: Place, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RETRY", 0.05)
    await place.commit(payment("P0"))
    async with behind(place, tmp_path_factory.mktemp("db")) as (hub, line), hub.feed(after="e30") as events:
        seen = [(await upcoming(events)).data["subject"], (await upcoming(events)).event]
        await line.cut()
        await place.commit(payment("P1"))
        outage = asyncio.create_task(anext(events))
        async with hub.client("central") as client, hanging():
            # The hub notices: other requests are refused for now.
            while (await client.get("/readyz")).status_code != 503:
                await asyncio.sleep(0.05)
        assert not outage.done()
        await line.mend()
        await place.commit(payment("P2"))
        async with hanging():
            seen += [(await outage).data["subject"]]
        while seen[-1] != "P2":
            seen += [(await upcoming(events)).data.get("subject")]
    assert seen == ["P0", "checkpoint", "P1", "P2"]
