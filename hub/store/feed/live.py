"""What is new in the feed, for the one reader of each process that serves streams.

The sequencer sends a notification with the commit that assigns positions. A notification only wakes the reader; what
is new follows from the positions, so a lost notification delays a change until the next poll, and loses nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.connection_pool import KEEPALIVES
from hub.store.feed import sequence
from hub.store.feed.cursors import Positions
from hub.store.feed.pages import scan_end
from hub.store.queries import visibility
from hub.viewer import Viewer

CHANNEL = "hub_feed"

_TOUCHED = """
select distinct c.system, c.kind, c.subject, p.submitted_by, p.citizen_id
from unnest(cast(:systems as text[]), cast(:starts as bigint[]), cast(:ends as bigint[])) w (system, after, upto)
join feed f on f.system = w.system and f.position > w.after and f.position <= w.upto
join changes c on c.id = f.change_id
left join complaints p on c.kind = 'complaint' and p.ticket = c.subject
"""


class Subject(NamedTuple):
    """What a change is about: a complaint or a record."""

    system: str
    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Window:
    """Positions after ``start`` and up to ``end``, read together; ``subjects`` are all that changed in them.

    The subjects are not restricted to a viewer, and must reach none. ``restored`` means that positions before
    ``start`` are no longer those that were read, because the database was restored from a backup.
    """

    start: Positions
    end: Positions
    subjects: frozenset[Subject] = frozenset()
    parties: frozenset[str] = frozenset()
    """The tickets, submitters and reporters of the complaints that changed, as ``visibility.party`` names them."""
    restored: bool = False

    def moved(self) -> Iterable[str]:
        """Return the systems that changed."""
        return (name for name, last in self.end.items() if last > self.start[name])


async def notify(db: AsyncConnection) -> None:
    """Wake the readers of the feed in all processes when the transaction is committed."""
    await db.execute(text(f"select pg_notify('{CHANNEL}', '')"))


@asynccontextmanager
async def listen(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Yield a connection of its own that receives the notifications (``notifies``); raises ``psycopg.Error``."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    options: dict[str, Any] = dict(KEEPALIVES)
    async with await psycopg.AsyncConnection.connect(plain, autocommit=True, **options) as connection:
        await connection.execute(f"listen {CHANNEL}")
        yield connection


async def current(db: AsyncConnection) -> Positions:
    """Return the last position of each system."""
    return MappingProxyType({name: head.last for name, head in (await sequence.heads(db)).items()})


async def next_window(db: AsyncConnection, after: Positions) -> Window | None:
    """Return the next positions after ``after``, as many as one scan covers; None if there are none."""
    heads = await sequence.heads(db)
    start = {name: min(after.get(name, head.dropped), head.last) for name, head in heads.items()}
    restored = any(name not in heads or heads[name].last < position for name, position in after.items())
    new = {name: head for name, head in heads.items() if head.last > start[name]}
    if not new:
        return Window(start, start, restored=True) if restored else None
    end = await scan_end(db, {name: start[name] for name in new}, new)
    names = list(end)
    params = {"systems": names, "starts": [start[name] for name in names], "ends": [end[name] for name in names]}
    found = (await db.execute(text(_TOUCHED), params)).all()
    subjects = frozenset(Subject(row.system, row.kind, row.subject) for row in found)
    of_complaints = [each for each in found if each.kind == "complaint"]
    parties = {name for each in of_complaints for name in (each.subject, each.submitted_by, each.citizen_id) if name}
    return Window(start, {**start, **end}, subjects, frozenset(parties), restored)


def reading_as(viewer: Viewer, window: Window) -> Viewer:
    """Return a viewer that sees the same changes of ``window``, and is equal for as many viewers as possible.

    It has only the rights that decide about these changes, so that a window is read once for all who see the same. Who
    is not a party of any complaint that changed does not read complaints at all.
    """
    party = visibility.party(viewer)
    concerned = party is None or party in window.parties
    decisive = {visibility.PII, *(visibility.SYNC + name for name in window.moved())}
    if concerned:
        decisive.add(visibility.READ)
    scopes = viewer.scopes & decisive
    if party is not None and concerned:
        return Viewer(viewer.kind, viewer.name, scopes, agency=viewer.agency, ticket=viewer.ticket)
    return Viewer(viewer.kind, scopes=scopes, agency=viewer.agency)
