"""Reads the feed: the changes after a cursor that a viewer may see, in the order of their positions.

A page scans a bounded number of positions, so its cost does not depend on how few of them the viewer may see; the end
cursor is behind all that were scanned. Systems are merged by the time their positions were assigned, so the order is
the same for every reader and page size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.feed import changes, sequence
from hub.store.feed.changes import Change
from hub.store.feed.cursors import Positions, encode
from hub.store.feed.sequence import HUB, Head
from hub.store.queries import visibility
from hub.viewer import Viewer

SCAN_LIMIT = 2_000
"""Positions that one statement scans."""
MAX_SCANS = 16
"""How many scans without a visible change a page makes."""


class PositionExpired(ValueError):
    """Changes of ``system`` after a cursor were dropped, or the cursor is ahead of this database.

    ``head`` are the positions that can be read, and ``ahead`` is True in the second case.
    """

    def __init__(self, system: str, head: Head, *, ahead: bool) -> None:
        super().__init__(f"What changed in {system} since this cursor is no longer kept.")
        self.system, self.head, self.ahead = system, head, ahead


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """The ``first`` changes after ``after``, of these systems, kinds and subjects; None means all.

    With ``now`` the page is empty and its end is the current position.
    """

    first: int
    after: Positions | None = None
    systems: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    subjects: Sequence[str] | None = None
    now: bool = False


@dataclass(frozen=True, slots=True)
class FeedPage:
    """``cursors`` correspond to ``changes``; ``end`` is behind everything that was scanned."""

    changes: list[Change] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    end: str = ""
    more: bool = False


def may_follow(viewer: Viewer, system: str) -> bool:
    """Return whether ``viewer`` may read the feed of ``system``."""
    return viewer.may(visibility.READ if system == HUB else visibility.SYNC + system)


def may_follow_any(viewer: Viewer) -> bool:
    """Return whether ``viewer`` may read the feed of any system."""
    return viewer.may(visibility.READ) or any(scope.startswith(visibility.SYNC) for scope in viewer.scopes)


async def read_page(db: AsyncConnection, viewer: Viewer, request: FeedRequest) -> FeedPage:
    """Return a page of the feed. Raises ``PositionExpired``."""
    heads = await _heads(db, viewer)
    start = {name: _start(request, name, head) for name, head in heads.items()}
    requested = {name: head for name, head in heads.items() if request.systems is None or name in request.systems}
    _check({name: start[name] for name in requested}, heads)
    scan = await _scan(db, viewer, request, start, requested)
    # Positions may have been dropped while the page was read.
    _check({name: start[name] for name in requested}, await _heads(db, viewer))
    visible = [changes.to_change(row, viewer) for row in scan.found[: request.first]]
    cursors = _cursors(scan.start, visible)
    if len(scan.found) > request.first:
        return FeedPage(visible, cursors, cursors[-1], True)
    more = any(scan.end[name] < head.last for name, head in requested.items())
    return FeedPage(visible, cursors, encode(scan.end), more)


def _start(request: FeedRequest, system: str, head: Head) -> int:
    return head.last if request.now else (request.after or {}).get(system, head.dropped)


@dataclass(frozen=True, slots=True)
class _Scan:
    """The rows ``found`` after ``start`` and up to ``end``; one more than requested where there are more."""

    start: Positions
    end: Positions
    found: Sequence[Mapping[Any, Any]]


async def _scan(
    db: AsyncConnection, viewer: Viewer, request: FeedRequest, start: Positions, requested: Mapping[str, Head]
) -> _Scan:
    """Scan until something is found or everything was scanned, at most ``MAX_SCANS`` times."""
    for _ in range(MAX_SCANS):
        upto = await scan_end(db, start, requested)
        statement = changes.visible_changes(viewer, start, upto, request.kinds, request.subjects)
        statement = statement.limit(request.first + 1)
        scan = _Scan(start, {**start, **upto}, (await db.execute(statement)).mappings().all())
        if scan.found or all(upto[name] == head.last for name, head in requested.items()):
            break
        start = scan.end
    return scan


async def _heads(db: AsyncConnection, viewer: Viewer) -> Mapping[str, Head]:
    return {name: head for name, head in (await sequence.heads(db)).items() if may_follow(viewer, name)}


def _check(start: Positions, heads: Mapping[str, Head]) -> None:
    for name in start.keys() & heads.keys():
        if not heads[name].dropped <= start[name] <= heads[name].last:
            raise PositionExpired(name, heads[name], ahead=start[name] > heads[name].last)


_WINDOW = """
select system, max(position) as position from (
    select f.system, f.position
    from unnest(cast(:systems as text[]), cast(:starts as bigint[]), cast(:ends as bigint[])) w (system, after, upto)
    cross join lateral (
        select system, position, settled_at from feed
        where system = w.system and position > w.after and position <= w.upto order by position limit :scan_limit
    ) f
    order by f.settled_at, f.system, f.position limit :scan_limit
) scanned group by system
"""


async def scan_end(db: AsyncConnection, start: Positions, requested: Mapping[str, Head]) -> Positions:
    """Return the last position of each system that a scan covers."""
    ends = {name: head.last for name, head in requested.items()}
    # Positions have no gaps.
    if sum(ends[name] - start[name] for name in ends) <= SCAN_LIMIT:
        return ends
    names = list(ends)
    params = {"systems": names, "starts": [start[name] for name in names], "ends": [ends[name] for name in names]}
    found = await db.execute(text(_WINDOW), {**params, "scan_limit": SCAN_LIMIT})
    return {name: start[name] for name in names} | {row.system: row.position for row in found}


def _cursors(start: Positions, visible: list[Change]) -> list[str]:
    positions = dict(start)
    cursors = []
    for change in visible:
        positions[change.system] = change.position
        cursors.append(encode(positions))
    return cursors


async def read_window(db: AsyncConnection, viewer: Viewer, start: Positions, upto: Positions) -> list[Change]:
    """Return all changes after ``start`` and up to ``upto`` that ``viewer`` may see, in the order of the feed."""
    followed = {name: last for name, last in upto.items() if may_follow(viewer, name) and last > start[name]}
    if not followed:
        return []
    found = await db.execute(changes.visible_changes(viewer, start, followed))
    return [changes.to_change(row, viewer) for row in found.mappings()]
