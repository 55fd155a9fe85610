"""Records a system's answers, and replays them with one value of an envelope changed."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx

from hub.errors import TryLater
from hub.http_client import Http

MISSING = object()
OTHERS: tuple[Any, ...] = (None, [], {}, {"0": {}, "2": None}, [1, None], 10**30, "x", MISSING)
DEPTH = 2
"""The depth of the envelope below the answer's object; deeper values belong to items."""


class Changed(NamedTuple):
    """One changed value: ``call`` is the number of the answer, ``path`` leads to the value."""

    call: int
    path: tuple[str | int, ...]
    value: Any

    def body(self, value: Any) -> bytes:
        """Return the answer with the changed value."""
        return b"" if self.value is MISSING and not self.path else json.dumps(_replaced(value, *self[1:])).encode()


class Tape:
    """The answers that a connector received, in order, each with its call.

    ``ran_out`` is whether the last replay got a call that was not recorded.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, httpx.Response]] = []
        self.ran_out = False

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record answers."""
        send = Http.send

        async def noted(http: Http, method: str, path: str, **request: Any) -> httpx.Response:
            answer = await send(http, method, path, **request)
            self.calls.append((f"{method} {path}", answer))
            return answer

        with patch.object(Http, "send", noted):
            yield

    @contextmanager
    def playing(self, changed: Changed) -> Iterator[None]:
        """Replay the answers with one value changed; a call that was not recorded raises ``TryLater``."""
        self.ran_out = False
        left: dict[str, list[int]] = defaultdict(list)
        for number, (call, _) in enumerate(self.calls):
            left[call].append(number)

        async def replay(http: Http, method: str, path: str, **request: Any) -> httpx.Response:
            numbers = left[f"{method} {path}"]
            if not numbers:
                self.ran_out = True
                raise TryLater("nothing was recorded of this call")
            answer = self.calls[number := numbers.pop(0)][1]
            if number != changed.call:
                return answer
            return httpx.Response(answer.status_code, headers=answer.headers, content=changed.body(answer.json()))

        with patch.object(Http, "send", replay):
            yield

    def changes(self) -> Iterator[Changed]:
        """Yield a change for each value in the envelope of one answer to each sort of call, and each other value."""
        seen = set()
        for number, (call, answer) in enumerate(self.calls):
            sort = re.sub(r"\d+", "N", call)
            if sort not in seen:
                seen.add(sort)
                for path in _paths(answer.json(), DEPTH):
                    for other in OTHERS:
                        yield Changed(number, path, other)

    def is_of_one(self, changed: Changed) -> bool:
        """Return whether that answer was for one item, named in the path of the call."""
        return re.search(r"/\d+(/|$)", self.calls[changed.call][0]) is not None


def _paths(value: Any, deeper: int) -> Iterator[tuple[str | int, ...]]:
    yield ()
    if deeper and isinstance(value, dict):
        for name, each in value.items():
            yield from ((name, *rest) for rest in _paths(each, deeper - 1))
    elif isinstance(value, list) and value:
        yield (0,)


def _replaced(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    copy: Any = dict(node) if isinstance(node, dict) else list(node)
    if not rest and value is MISSING:
        del copy[first]
    else:
        copy[first] = _replaced(node[first], tuple(rest), value)
    return copy
