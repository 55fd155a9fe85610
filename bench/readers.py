"""Readers of the public page: so many a second whether the hub keeps up or not, while operations of the graph go on.

``python -m bench.readers`` reads ``/`` of the hub that ``make run`` started, and sends the desk query in turn beside.
The latency of a reader counts from when the request was due, so that waiting for a free connection is part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

QUERY = Path(__file__).parents[1] / "hub/api/static/examples/desk.graphql"
GRACE = 5.0
"""Seconds for the answers that are due when the time is over; what comes later counts as unanswered."""
PAUSE = 0.05
"""Seconds between two operations, so that their own budget of a minute lasts."""


class Connection:
    """A connection that is kept open: one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int) -> AsyncIterator[Connection]:
        """Connect, and close in the end."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return int(head.split(" ", 2)[1]), await self._reader.readexactly(length)


class Figures:
    """What was answered, and after how long."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.latencies.append(seconds)

    def summary(self, asked: int, seconds: float) -> dict[str, Any]:
        """Return how many of ``asked`` were answered, and the latencies in milliseconds."""
        ordered, count = sorted(self.latencies), len(self.latencies)
        quantiles = {f"p{each}_ms": round(ordered[count * each // 100] * 1000, 1) for each in (50, 99) if count}
        statuses = {str(status): number for status, number in sorted(self.statuses.items())}
        good = round(self.statuses[200] / seconds, 1)
        return {"asked": asked, "statuses": statuses, "unanswered": asked - count, "good_per_second": good, **quantiles}


async def read(place: tuple[str, int], options: argparse.Namespace) -> dict[str, Any]:
    """Send readers at their rate over the connections; each takes the next one that is due."""
    host, port = place
    request = f"GET {options.path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    due: asyncio.Queue[float] = asyncio.Queue()
    figures, asked = Figures(), options.rate * options.seconds

    async def one() -> None:
        async with Connection.open(host, port) as connection:
            while True:
                at = await due.get()
                status, _ = await connection.send(request)
                figures.add(status, time.perf_counter() - at)
                due.task_done()

    workers = [asyncio.create_task(one()) for _ in range(options.connections)]
    began = time.perf_counter()
    for number in range(asked):
        at = began + number / options.rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait(at)
    await asyncio.wait([*workers, asyncio.create_task(due.join())], timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
    for each in workers:
        each.cancel()
    ended = await asyncio.gather(*workers, return_exceptions=True)
    failed = [each for each in ended if not isinstance(each, asyncio.CancelledError)]
    return {**figures.summary(asked, options.seconds), "broken_connections": len(failed)}


async def operate(place: tuple[str, int], token: str, seconds: float) -> dict[str, Any]:
    """Send the query in turn over one connection."""
    host, port = place
    body = json.dumps({"query": QUERY.read_text(encoding="utf-8")}).encode()
    headers = {"Host": f"{host}:{port}", "Content-Type": "application/json", "Content-Length": len(body)}
    headers |= {"Authorization": f"Bearer {token}", "Hub-Purpose": "handling"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST /graphql HTTP/1.1\r\n{lines}\r\n".encode() + body
    figures, until = Figures(), time.perf_counter() + seconds
    async with Connection.open(host, port) as connection:
        while (began := time.perf_counter()) < until:
            status, answer = await connection.send(request)
            # An operation that failed is no success, whatever its status.
            figures.add(status if b'"errors":' not in answer else 500, time.perf_counter() - began)
            await asyncio.sleep(PAUSE)
    return figures.summary(len(figures.latencies), seconds)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of readers and operations, which run at the same time, and of operations alone before."""
    info = json.loads(await asyncio.to_thread((options.data / "run.json").read_text))
    url, token = urlsplit(info["url"]), info["tokens"]["officer"]
    place = (url.hostname or "127.0.0.1", url.port or 80)
    alone = await operate(place, token, options.seconds / 4)
    readers, beside = await asyncio.gather(read(place, options), operate(place, token, options.seconds))
    return {"offered_per_second": options.rate, "readers": readers, "operations": beside, "operations_alone": alone}


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.readers", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".hub"), help="the folder of the running hub")
    parser.add_argument("--path", default="/")
    parser.add_argument("--rate", type=int, default=500, help="readers a second")
    parser.add_argument("--seconds", type=int, default=20, choices=range(1, 41), metavar="1..40")
    parser.add_argument("--connections", type=int, default=64)
    json.dump(uvloop.run(measure(parser.parse_args())), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
