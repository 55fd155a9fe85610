"""Another system's word on complaints is heard, and what is decided here is said: then it shows what holds.

Whoever comes here has locked the complaints' rows, or locks them first: the two sides are compared one at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import FIELDS
from hub.complaints.forwarding import DeliveryState
from hub.complaints.workflow import Role
from hub.connectors.sharing import Told, later
from hub.store.complaints.lives import lives
from hub.store.exchange import sharing
from hub.store.exchange.adoption import Followed, adopt, locked
from hub.store.exchange.sharing import SharedFields, Words
from hub.store.tables_sync import deliveries

Heard = Mapping[int, Mapping[str, Told]]
"""What a system says of complaints: complaint's id → field → word."""


async def hear(db: AsyncConnection, system: str, shared: SharedFields, heard: Heard, *, silent: bool = False) -> None:
    """Take in what ``system`` says. ``silent``: nothing was decided here yet, as the complaints came from there.

    What is no news costs one statement; for the rest the number of statements does not depend on how much there is.
    """
    news = _news(heard, await sharing.words(db, heard, system))
    if not news:
        return
    rows = await locked(db, news)
    said = {(each.complaint_id, each.field): each for each in await sharing.words(db, news, system)}
    first = [id_ for id_, told in news.items() if any((id_, name) not in said for name in told)]
    lived = {} if silent else await lives(db, first)
    for row in rows:
        for name, word in news[row["id"]].items():
            place = row["id"], name
            if place not in said:
                ours = None if silent else sharing.first_word(row, name, lived[row["id"]].since)
                said[place] = Words(system, *place, ours)
            said[place].hears(word)
    await _settle(db, system, shared, rows, said.values())


async def say(
    db: AsyncConnection,
    row: Mapping[Any, Any],
    new: Mapping[str, Any],
    decided: Collection[str],
    told_by: str | None = None,
) -> None:
    """The fields ``decided`` were decided here, as they were or anew: the locked ``row`` has ``new`` values now.

    Nothing is said to ``told_by``, whose word it is.
    """
    now = {**row, **new}
    by_system: dict[str, list[Words]] = defaultdict(list)
    for each in await sharing.words(db, [row["id"]]) if decided else []:
        if each.system != told_by:
            by_system[each.system].append(each)
            if each.field in decided:
                each.says(Told(now["updated_at"], FIELDS[each.field].word(now) or ""))
    if by_system:
        declared = await sharing.declared(db)
        for system, said in sorted(by_system.items()):
            await _settle(db, system, declared[system], [now], said)


async def review(db: AsyncConnection, system: str, shared: SharedFields, complaint_ids: Iterable[int]) -> None:
    """Compare again all that was said of these complaints."""
    rows = await locked(db, complaint_ids)
    if rows:
        said = await sharing.words(db, [row["id"] for row in rows], system)
        await _settle(db, system, shared, rows, said)


async def _settle(
    db: AsyncConnection, system: str, shared: SharedFields, rows: Sequence[Mapping[Any, Any]], said: Collection[Words]
) -> None:
    now = datetime.now(UTC)
    telling = await _telling(db, system, [row["id"] for row in rows])
    complaints = {row["id"]: Followed(row) for row in rows}
    # By name, so that who must answer is settled before whether it is assigned.
    for each in sorted(said, key=lambda each: each.field):
        if each.field not in shared:
            continue
        merged = each.settle(shared[each.field], now)
        # They speak without having heard what is on its way to them: then their word waits.
        if merged.value is not None and each.theirs is not None and each.complaint_id not in telling:
            complaints[each.complaint_id].follow(each.field, merged.value, each.theirs.at)
    await sharing.keep(db, said)
    await adopt(db, complaints.values(), Role.SYSTEM, system, now)
    taken = [(id_, name, word) for id_, each in complaints.items() for name, word in each.words.items()]
    await sharing.overhear(db, system, taken, now)


async def _telling(db: AsyncConnection, system: str, complaint_ids: Sequence[int]) -> set[int]:
    """The complaints of which ``system`` is about to be told something."""
    under_way = deliveries.c.state.in_([DeliveryState.WAITING.value, DeliveryState.SENDING.value])
    found = await db.scalars(
        select(deliveries.c.complaint_id).where(
            deliveries.c.complaint_id.in_(complaint_ids), deliveries.c.system == system, under_way
        )
    )
    return set(found)


def _news(heard: Heard, known: Iterable[Words]) -> dict[int, dict[str, Told]]:
    """What was not heard before; what says what the hub knows already, or is older, is no news."""
    before = {(each.complaint_id, each.field): each.theirs for each in known}
    found = {
        complaint: {name: word for name, word in told.items() if _is_news(before.get((complaint, name)), word)}
        for complaint, told in heard.items()
    }
    return {complaint: told for complaint, told in found.items() if told}


def _is_news(before: Told | None, word: Told) -> bool:
    return later(before, word) != before
