"""A closed loop of connections, in a process of its own: each sends its next request when it has its whole answer.

``python -m bench.load`` reads from standard input, as JSON: ``port``, ``requests`` (path, headers and body each),
``connections`` and ``seconds``. When the time is over, the answers under way are awaited, so that all work done is
counted. It prints the number of requests, the seconds, the latencies, the failures and its own CPU time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count
from typing import Any

import httptools
import uvloop

FAILURE_LENGTH = 1000
"""How many of the last bytes of a failed answer are reported."""


class Connection(asyncio.Protocol):
    """One connection, which sends the requests in turn until ``until``."""

    def __init__(self, requests: list[bytes], numbers: count[int], until: float) -> None:
        self._requests, self._numbers, self._until = requests, numbers, until
        self.done = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.failed = self.bytes = 0
        self.failure = ""

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        self._send()

    def _send(self) -> None:
        if time.perf_counter() >= self._until:
            self._transport.close()
            self.done.set_result(None)
            return
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._began = time.perf_counter()
        self._transport.write(self._requests[next(self._numbers) % len(self._requests)])

    def data_received(self, data: bytes) -> None:
        """Parse a part of an answer."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Count the answer, and send the next request."""
        self.latencies.append(time.perf_counter() - self._began)
        body = b"".join(self._body)
        self.bytes += len(body)
        status = self._parser.get_status_code()
        if status != 200 or b'"errors":' in body:
            self.failed += 1
            self.failure = self.failure or f"{status} {body[-FAILURE_LENGTH:].decode(errors='replace')}"
        asyncio.get_running_loop().call_soon(self._send)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail if the server closed the connection."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


def encoded(request: dict[str, Any]) -> bytes:
    """Return a request as it is sent."""
    body: bytes = request["body"].encode()
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", **request["headers"]}
    lines = [f"POST {request['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Send requests for the seconds of ``plan``."""
    loop, requests, numbers = asyncio.get_running_loop(), [encoded(each) for each in plan["requests"]], count()
    began = time.perf_counter()
    until = began + plan["seconds"]
    made = [
        await loop.create_connection(lambda: Connection(requests, numbers, until), "127.0.0.1", plan["port"])
        for _ in range(plan["connections"])
    ]
    connections = [connection for _, connection in made]
    await asyncio.gather(*(each.done for each in connections))
    seconds = time.perf_counter() - began
    latencies = sorted(one for each in connections for one in each.latencies)
    return {
        "requests": len(latencies),
        "seconds": seconds,
        "bytes": sum(each.bytes for each in connections),
        "failed": sum(each.failed for each in connections),
        "failure": next((each.failure for each in connections if each.failure), ""),
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p95_ms": latencies[len(latencies) * 95 // 100] * 1000,
        "cpu_seconds": time.process_time(),
    }


if __name__ == "__main__":
    json.dump(uvloop.run(run(json.load(sys.stdin))), sys.stdout)
