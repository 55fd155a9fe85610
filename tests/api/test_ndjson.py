"""A body as lines and batches, however it is cut into chunks; with bounded memory, however long it is."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from hub.api import ndjson as reading
from hub.api.ndjson import Batch, read_batches
from hub.contract import SystemDeclaration
from hub.sync.uploads import MAX_ROW_BYTES, Line, parse_line
from tests.api.bulk_harness import BulkHub, running_hub
from tests.fake_connector import Fake, FakeSettings, payment

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
LINES = st.lists(
    st.binary(max_size=40)
    .map(lambda line: line.replace(b"\n", b" "))
    .filter(lambda line: not line.startswith(BOM_UTF8)),
    max_size=30,
)


async def chunked(body: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    at = 0
    for size in sizes:
        yield body[at : at + size]
        at += size
    yield body[at:]


def read(body: bytes, sizes: list[int] | None = None) -> list[Batch]:
    async def all_of_it() -> list[Batch]:
        return [batch async for batch in read_batches(chunked(body, sizes or []))]

    with asyncio.Runner() as runner:
        return runner.run(all_of_it())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set batches of three rows or a hundred bytes, and rows of at most twenty bytes."""
    monkeypatch.setattr(reading, "MAX_BATCH_ROWS", 3)
    monkeypatch.setattr(reading, "MAX_BATCH_BYTES", 100)
    monkeypatch.setattr(reading, "MAX_ROW_BYTES", 20)


@given(LINES, st.lists(st.integers(0, 50)), st.booleans())
def test_batches_depend_on_the_lines_alone(lines: list[bytes], sizes: list[int], ended: bool) -> None:
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    whole, cut = read(body), read(body, sizes)
    assert whole == cut
    assert [batch.last for batch in whole] == [False] * (len(whole) - 1) + [True]
    found = [line for batch in whole for line in batch.lines]
    kept = [line for line in lines if line.strip()]
    assert [line.too_long for line in found] == [len(line) > 20 for line in kept]
    assert all(line.content == expected for line, expected in zip(found, kept, strict=True) if not line.too_long)
    assert all(len(batch.lines) <= 3 for batch in whole)


@given(st.lists(st.integers(0, 4)))
def test_a_byte_order_mark_is_skipped_at_the_start_only(sizes: list[int]) -> None:
    body = BOM_UTF8 + b'{"a":1}\n' + BOM_UTF8 + b'{"a":2}\n'
    found = [line.content for batch in read(body, sizes) for line in batch.lines]
    assert found == [b'{"a":1}', BOM_UTF8 + b'{"a":2}']


@given(LINES, LINES)
def test_two_bodies_that_differ_in_a_line_differ_in_a_batch(one: list[bytes], other: list[bytes]) -> None:
    def of(lines: list[bytes]) -> list[bytes]:
        return [line for line in lines if line.strip()]

    assert (read(b"\n".join(one)) == read(b"\n".join(other))) == (of(one) == of(other))


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_line_is_an_object_or_a_reason(content: bytes) -> None:
    item = parse_line(Line(content))
    assert isinstance(item, dict | str)
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = None
    assert isinstance(parsed, dict) or isinstance(item, str)


def test_a_row_may_be_nested_so_deep_and_no_deeper() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)

    assert isinstance(parse_line(Line(nested(64))), dict)
    for levels in (65, 500, 100_000):
        assert isinstance(parse_line(Line(nested(levels))), str)
    assert isinstance(parse_line(Line(b'{"a":[' + b"[],{}," * 90 + b"1]}")), dict)


@pytest.fixture
def registered_systems() -> tuple[SystemDeclaration, ...]:
    return (Fake.declaration(FakeSettings()),)


async def peak(hub: BulkHub, key: str, count: int) -> int:
    """Return the peak of memory while ``count`` rows are read and answered; one row in a hundred can be stored."""
    body, tail, ended = rows(count), b"", False

    async def receive() -> Message:
        nonlocal ended
        if ended:
            await asyncio.Event().wait()
        chunk = next(body, None)
        ended = chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": not ended}

    async def send(message: Message) -> None:
        nonlocal tail
        tail = message.get("body", b"")[-200:] or tail

    headers = {"idempotency-key": key, "x-as": "fake", "content-type": "application/x-ndjson"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/bulk/fake",
        "query_string": b"",
        "asgi": {"version": "3.0"},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    tracemalloc.start()
    try:
        await hub.app(scope, receive, send)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    summary = json.loads(tail.splitlines()[-1])
    assert summary.get("summary", {}).get("rows") == count, summary
    return most


def rows(count: int) -> Iterator[bytes]:
    """Yield NDJSON in chunks of fifty rows."""
    for first in range(0, count, 50):
        lines = [payment(f"P{n}") if n % 100 == 0 else ["x" * 300] for n in range(first, first + 50)]
        yield b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.mark.whole
@pytest.mark.timeout(300)
async def test_a_hundred_thousand_rows_need_no_more_memory_than_a_few(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BATCH_ROWS", 1_000)
    monkeypatch.setattr(reading, "MAX_BATCH_BYTES", 4 * 1024 * 1024)
    monkeypatch.setattr(reading, "MAX_ROW_BYTES", MAX_ROW_BYTES)
    async with running_hub(database_url) as hub:
        await hub.push([payment("warm")], key="key-00000")
        few, many = await peak(hub, "key-00001", 5_000), await peak(hub, "key-00002", 100_000)
    assert many < few * 1.5
    assert many < 16 * 1024 * 1024
