"""Reading the feed: what has changed since a cursor, in the order of its positions, as far as a viewer may see it.

A page looks at a bounded number of positions, so that its cost stays flat however few of them the viewer may see; the
cursor at its end has passed those that it may not. Systems are merged by when positions were given, so that the order
is the same for every reader and every size of page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import changes, positions
from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions, encode
from hub.store.feed.positions import HUB, Head
from hub.store.reading import sight
from hub.viewer import Viewer

LOOKED_AT = 2_000
"""Positions a page looks at, at most."""


class Expired(ValueError):
    """Not all changes of ``system`` after a cursor are kept, or the cursor is from another time of this database."""

    def __init__(self, system: str) -> None:
        super().__init__(f"What changed in {system} since this cursor is no longer kept.")
        self.system = system


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: the ``first`` after ``after``, of these systems and kinds; None is all."""

    first: int
    after: Positions | None = None
    systems: Sequence[str] | None = None
    kinds: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """``cursors`` stand beside ``changes``; ``end`` has passed also what was looked at and not told."""

    changes: list[Change] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    end: str = ""
    more: bool = False


def may_follow(viewer: Viewer, system: str) -> bool:
    """Whether there is a feed of ``system`` for ``viewer``."""
    return viewer.may(sight.READ if system == HUB else sight.SYNC + system)


def may_follow_any(viewer: Viewer) -> bool:
    """Whether there is any feed for ``viewer``."""
    return viewer.may(sight.READ) or any(scope.startswith(sight.SYNC) for scope in viewer.scopes)


async def page(db: AsyncConnection, viewer: Viewer, wanted: Wanted) -> Page:
    """A page of the feed. Raises ``Expired``."""
    heads = await _heads(db, viewer)
    start = {name: (wanted.after or {}).get(name, head.dropped) for name, head in heads.items()}
    asked = {name: head for name, head in heads.items() if wanted.systems is None or name in wanted.systems}
    _check({name: start[name] for name in asked}, heads)
    upto = await _upto(db, start, asked)
    statement = changes.visible(viewer, start, upto, wanted.kinds).limit(wanted.first + 1)
    found = (await db.execute(statement)).mappings().all()
    # Some of it may have been dropped while it was read.
    _check({name: start[name] for name in asked}, await _heads(db, viewer))
    told = [changes.told(row, viewer) for row in found[: wanted.first]]
    cursors = _cursors(start, told)
    if len(found) > wanted.first:
        return Page(told, cursors, cursors[-1], True)
    return Page(told, cursors, encode({**start, **upto}), any(upto[name] < head.last for name, head in asked.items()))


async def _heads(db: AsyncConnection, viewer: Viewer) -> Mapping[str, Head]:
    return {name: head for name, head in (await positions.heads(db)).items() if may_follow(viewer, name)}


def _check(start: Positions, heads: Mapping[str, Head]) -> None:
    for name in start.keys() & heads.keys():
        if not heads[name].dropped <= start[name] <= heads[name].last:
            raise Expired(name)


_WINDOW = """
select system, max(position) as position from (
    select f.system, f.position
    from unnest(cast(:systems as text[]), cast(:starts as bigint[]), cast(:ends as bigint[])) w (system, after, upto)
    cross join lateral (
        select system, position, settled_at from feed
        where system = w.system and position > w.after and position <= w.upto order by position limit :looked_at
    ) f
    order by f.settled_at, f.system, f.position limit :looked_at
) looked_at group by system
"""


async def _upto(db: AsyncConnection, start: Positions, asked: Mapping[str, Head]) -> Positions:
    """The last position of each system that a page looks at."""
    ends = {name: head.last for name, head in asked.items()}
    # Positions have no gaps.
    if sum(ends[name] - start[name] for name in ends) <= LOOKED_AT:
        return ends
    names = list(ends)
    given = {"systems": names, "starts": [start[name] for name in names], "ends": [ends[name] for name in names]}
    found = await db.execute(text(_WINDOW), {**given, "looked_at": LOOKED_AT})
    return {name: start[name] for name in names} | {row.system: row.position for row in found}


def _cursors(start: Positions, told: list[Change]) -> list[str]:
    reached = dict(start)
    cursors = []
    for change in told:
        reached[change.system] = change.position
        cursors.append(encode(reached))
    return cursors
