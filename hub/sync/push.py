"""What a system pushes by itself: lines of JSON, taken batch by batch through the one way in.

A batch is stored with what became of its rows, under the client's key and a fingerprint of all that
was read so far. So a repeat, also one after a cut or in parallel, is answered as before for what is
stored, does the rest, and is refused where it says something else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.connectors import registry
from hub.connectors.base import Raw
from hub.connectors.registry import Enabled
from hub.store.database import Cause, Database
from hub.store.ingest import pushes
from hub.store.ingest.outcomes import Fate, Outcome
from hub.store.ingest.pushes import Told, Upload
from hub.store.promises import KeyTaken
from hub.store.sealing import Seal
from hub.sync.ingest import Ingest

LONGEST = 262_144
"""Bytes that a row may have."""
DEEPEST = 64
"""How deeply a row may be nested: more is nothing a system says, and neither library nor database takes any depth."""


class Line(NamedTuple):
    """One line as it came. Of one that is ``too_long`` only a hash is here, in hex."""

    content: bytes
    too_long: bool = False


class Way(NamedTuple):
    """The way in for a system's rows: one batch after the other, so that those who wait hold no connection."""

    ingest: Ingest
    turn: asyncio.Lock


class Pushes:
    """Opens uploads to the enabled systems."""

    def __init__(self, database: Database, seal: Seal, enabled: Iterable[Enabled]) -> None:
        self._database, self._seal = database, seal
        self._ways = {system.name: Way(Ingest(registry.reader(system), seal), asyncio.Lock()) for system in enabled}

    def open(self, upload: Upload, cause: Cause) -> Push | None:
        """An upload from its beginning; None where no such system is enabled."""
        way = self._ways.get(upload.system)
        return Push(self._database, self._seal, way, upload, cause) if way else None

    async def whole(self, upload: Upload, cause: Cause, rows: Sequence[bytes]) -> list[Told] | KeyTaken | None:
        """An upload of one batch; what became of its rows. None where no such system is enabled."""
        push = self.open(upload, cause)
        if push is None:
            return None
        taken = await push.take([Line(row, too_long=len(row) > LONGEST) for row in rows], last=True)
        return taken or [told async for batch in push.told() for told in batch]


class Push:
    """One upload, from its first line on."""

    def __init__(self, database: Database, seal: Seal, way: Way, upload: Upload, cause: Cause) -> None:
        self._database, self._seal, self._way, self._upload, self._cause = database, seal, way, upload, cause
        self._fingerprint, self._taken, self._id = b"", 0, 0

    async def stored(self) -> int:
        """How many batches of it are stored already, by an earlier attempt."""
        async with self._database.read() as db:
            held = await pushes.stored(db, self._upload)
        return held.batches if held else 0

    async def take(self, lines: Sequence[Line], *, last: bool) -> KeyTaken | None:
        """Store the next batch, unless it is stored already; ``KeyTaken`` where the key stands for other lines."""
        self._fingerprint = self._print_of(lines, last=last)
        async with self._way.turn, self._database.write(self._cause) as db:
            held = await pushes.hold(db, self._upload)
            if self._taken < held.batches:
                before, _ = await pushes.batch(db, held.id, self._taken)
                if before != self._fingerprint:
                    return KeyTaken()
            elif held.done or self._taken > held.batches:
                return KeyTaken()
            else:
                await pushes.keep(db, held, self._fingerprint, await self._store(db, lines), last=last)
        self._id, self._taken = held.id, self._taken + 1
        return None

    async def told(self) -> AsyncGenerator[list[Told], None]:
        """What became of the rows taken, batch by batch."""
        for number in range(self._taken):
            async with self._database.read() as db:
                told = await pushes.told(db, self._upload.system, self._id, number)
            yield told

    def _print_of(self, lines: Sequence[Line], *, last: bool) -> bytes:
        """A keyed hash of all lines so far, and of whether these are the last."""
        read = hashlib.sha256(b"\n".join(line.content for line in lines)).hexdigest()
        return self._seal.hash("push", f"{self._fingerprint.hex()} {read} {last}")

    async def _store(self, db: AsyncConnection, lines: Sequence[Line]) -> list[Fate]:
        items = [item_of(line) for line in lines]
        taken = await self._way.ingest.take(db, [item for item in items if isinstance(item, dict)], datetime.now(UTC))
        fates = iter(taken.fates)
        return [Fate(Outcome.REFUSED, reason=item) if isinstance(item, str) else next(fates) for item in items]


def item_of(line: Line) -> Raw | str:
    """The item a line holds, or why it holds none."""
    if line.too_long:
        return f"the row is longer than {LONGEST} bytes"
    try:
        told = orjson.loads(line.content)
    except orjson.JSONDecodeError:
        return "the row is not JSON in UTF-8"
    if not isinstance(told, dict):
        return "the row is not a JSON object"
    # Counting brackets costs next to nothing, and spares most rows the walk.
    brackets = line.content.count(b"{") + line.content.count(b"[")
    return f"the row is nested more than {DEEPEST} deep" if brackets > DEEPEST and _deeper(told, DEEPEST) else told


def _deeper(value: Any, than: int) -> bool:
    """Whether ``value`` is nested more than ``than`` deep; goes no deeper to know it."""
    if not isinstance(value, dict | list):
        return False
    return than == 0 or any(_deeper(each, than - 1) for each in (value.values() if isinstance(value, dict) else value))
