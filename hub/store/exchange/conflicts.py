"""What both sides of a complaint say, for those who see all of it, and what a person decides where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import FIELDS, Keep, no_conflict
from hub.complaints.codes import ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.workflow import Action, Refusal
from hub.connectors.sharing import Told
from hub.store.complaints import timeline
from hub.store.complaints.handling import locked, role_of
from hub.store.database import Cause
from hub.store.exchange import hearing, sharing
from hub.store.exchange.adoption import Followed, adopt
from hub.store.exchange.sharing import Words
from hub.store.promises import Done
from hub.store.reading import sight
from hub.store.tables import complaints
from hub.store.tables_sync import shared_fields
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Decision:
    """Whose word stands in one field of one complaint."""

    ticket: str
    system: str
    field: str
    keep: Keep


async def of(db: AsyncConnection, viewer: Viewer, tickets: Sequence[str]) -> Mapping[str, list[Words]]:
    """What was said of those complaints among ``tickets`` that ``viewer`` sees in full, by system and field."""
    mine = shared_fields.c.complaint_id == complaints.c.id
    statement = (
        select(complaints.c.ticket, *shared_fields.c)
        .outerjoin(shared_fields, mine)
        .where(complaints.c.ticket.in_(tickets), sight.in_full(viewer))
        .order_by(shared_fields.c.system, shared_fields.c.field)
    )
    found: dict[str, list[Words]] = defaultdict(list)
    for row in (await db.execute(statement)).mappings():
        found[row["ticket"]] += [sharing.words_of(row)] if row["system"] else []
    return found


async def decide(db: AsyncConnection, cause: Cause, viewer: Viewer, wanted: Decision) -> Done | Refusal | None:
    """Let one side's word stand; None when the complaint is not there or not the viewer's to act on."""
    row = await locked(db, viewer, wanted.ticket)
    if row is None:
        return None
    place = wanted.system, wanted.field
    said = {(each.system, each.field): each for each in await sharing.words(db, [row["id"]])}
    if place not in said or not said[place].conflict_since:
        return no_conflict()
    # Two acts in one millisecond, or a clock that was set back, must not tear the timeline's order.
    now = max(datetime.now(UTC), row["updated_at"])
    await (_follow if wanted.keep is Keep.THEIRS else _decline)(db, cause, viewer, row, said[place], now)
    return Done(row["id"], row["ticket"])


async def _follow(
    db: AsyncConnection, cause: Cause, viewer: Viewer, row: Mapping[Any, Any], said: Words, now: datetime
) -> None:
    """Their word becomes what was decided here."""
    assert said.theirs
    word, column = said.theirs.value, FIELDS[said.field]
    said.says(Told(now, word))
    said.conflict_since = None
    await sharing.keep(db, [said])
    complaint = Followed(row)
    complaint.follow(said.field, word, now)
    await adopt(db, [complaint], role_of(viewer), cause.actor, now)
    await hearing.say(db, row, {column.column: column.of(word), "updated_at": now}, {said.field}, said.system)


async def _decline(
    db: AsyncConnection, cause: Cause, viewer: Viewer, row: Mapping[Any, Any], said: Words, now: datetime
) -> None:
    """The same word of theirs asks nobody again; another one does."""
    assert said.theirs
    said.declined, said.conflict_since, said.new = said.theirs.value, None, True
    await sharing.keep(db, [said])
    reached = Reached(ComplaintStatus(row["status"]), now)
    await timeline.add_step(db, row["id"], Action.KEEP, reached, role_of(viewer), cause.actor)
    await db.execute(update(complaints).where(complaints.c.id == row["id"]).values(updated_at=now))
