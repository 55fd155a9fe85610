"""Clients of several kinds at once, in a process of its own: ``python -m bench.mixed_load`` reads its plan from
standard input, as JSON, and prints what was answered.

The plan: ``port``; ``seconds``; ``clients``, a list of ``kind``, ``request`` (method, path, headers, body) and, for a
stream, ``stream``. ``{n}`` in a request becomes another number each time. A client sends its next request when it has
its whole answer. If it is refused with ``Retry-After``, it waits that long, and up to as long again, as told. Each has
an address of its own below 127.0.0.0/8. Once the seconds are over, each answer under way has ``GRACE`` to arrive.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from itertools import count
from typing import Any

import httptools
import uvloop

GRACE = 30.0
"""Seconds that an answer under way has after the end."""
_CODE = re.compile(rb'"code": ?"([A-Z_]+)"')
_EVENT = b"\nevent: "


class Answer:
    """A response that is being parsed."""

    def __init__(self) -> None:
        self.status, self.headers, self.parts, self.complete = 0, dict[bytes, bytes](), list[bytes](), False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self.status = self.parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self.parts.append(part)

    def on_message_complete(self) -> None:
        """End the answer."""
        self.complete = True

    @property
    def outcome(self) -> str:
        """The status, with the first code of its errors, such as ``200 TIMEOUT``."""
        body = b"".join(self.parts)
        code = _CODE.search(body) if self.status != 200 or b'"errors":' in body else None
        return f"{self.status} {code[1].decode()}" if code else str(self.status)

    @property
    def wait(self) -> float | None:
        """The seconds of ``Retry-After``."""
        value = self.headers.get(b"retry-after")
        return float(value) if value else None


class Figures:
    """Of each kind: outcomes, the latencies of those with status 200 and no errors, and the events of streams."""

    def __init__(self) -> None:
        self.outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.good: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self.events = 0

    def add(self, kind: str, outcome: str, began: float, ended: float) -> None:
        """Count an answer."""
        self.outcomes[kind][outcome] += 1
        if outcome == "200":
            self.good[kind].append((ended, ended - began))

    def summary(self, began: float) -> dict[str, Any]:
        """Return the counts, and the good latencies in milliseconds with the second in which they ended."""
        return {
            "outcomes": {kind: dict(found) for kind, found in self.outcomes.items()},
            "good": {
                kind: [(round(ended - began, 3), round(took * 1000, 1)) for ended, took in found]
                for kind, found in self.good.items()
            },
            "events": self.events,
        }


class Client:
    """One client: sends its request again and again over one connection, and opens another when it is closed."""

    def __init__(self, number: int, plan: dict[str, Any], port: int, until: float, figures: Figures) -> None:
        self._address = f"127.{1 + number // 60_000}.{number // 250 % 240}.{1 + number % 250}"
        self._kind, self._stream = plan["kind"], plan.get("stream", False)
        self._plan, self._port, self._until, self._figures = plan["request"], port, until, figures
        self._writer: asyncio.StreamWriter | None = None

    async def run(self, numbers: count[int]) -> None:
        """Send until the time is over."""
        # Not all in the same moment.
        await asyncio.sleep(random.random())
        while (began := time.perf_counter()) < self._until:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._until - began + GRACE):
                    answer = await self._exchange(_encoded(self._plan, next(numbers)))
                outcome, wait = answer.outcome, answer.wait
            except TimeoutError:
                outcome, wait = "no answer", None
            except (OSError, EOFError, httptools.HttpParserError) as error:
                outcome, wait = type(error).__name__, 1.0
                self._close()
            self._figures.add(self._kind, outcome, began, time.perf_counter())
            if wait is not None:
                again = time.perf_counter() + wait * (1 + random.random())
                # Nothing is sent after the end, however early a timer ends.
                await asyncio.sleep(max(0, min(again, self._until) - time.perf_counter()))
                if again >= self._until:
                    break
        self._close()

    async def _exchange(self, request: bytes) -> Answer:
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=(self._address, 0)
            )
        self._writer.write(request)
        answer = Answer()
        while not answer.complete:
            part = await self._reader.read(65_536)
            if not part:
                raise EOFError
            answer.parser.feed_data(part)
            if self._stream:
                self._figures.events += part.count(_EVENT)
                if time.perf_counter() > self._until and answer.status:
                    self._close()
                    return answer
        if not answer.parser.should_keep_alive():
            self._close()
        return answer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _encoded(request: dict[str, Any], number: int) -> bytes:
    body: bytes = request.get("body", "").replace("{n}", str(number)).encode()
    headers = {"Host": "127.0.0.1", **request["headers"], "Content-Length": str(len(body))}
    lines = [f"{request['method']} {request['path']} HTTP/1.1", *(f"{name}: {each}" for name, each in headers.items())]
    return "\r\n".join([*lines, "", ""]).replace("{n}", str(number)).encode() + body


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Run all clients of ``plan``, and return what they were answered."""
    figures, began = Figures(), time.perf_counter()
    first = time.time_ns()
    clients = [
        Client(number, each, plan["port"], began + plan["seconds"], figures)
        for number, each in enumerate(plan["clients"])
    ]
    await asyncio.gather(*(each.run(count(first + number, len(clients))) for number, each in enumerate(clients)))
    return figures.summary(began)


if __name__ == "__main__":
    json.dump(uvloop.run(run(json.load(sys.stdin))), sys.stdout)
