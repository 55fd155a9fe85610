"""A complaint follows another system's word: its columns, its clocks and its timeline, for many complaints at once.

The workflow says what people here may do; what another system has decided has happened, wherever the complaint stood.
It is not told to that system again: no delivery follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints.adopting import AGENCY, FIELDS, STATUS
from hub.complaints.codes import ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.workflow import Action, Role
from hub.store.complaints.lives import Life, lives
from hub.store.complaints.milestones import due, times
from hub.store.tables import complaint_steps, complaints

_COLUMNS = (
    *(field.column for field in FIELDS.values()),
    *("verified_at", "answered_at", "closed_at", "due_at", "due_estimated", "updated_at"),
)


@dataclass(slots=True)
class Followed:
    """A complaint whose row is locked, and the words it is to follow: field → word, the latest of them said ``at``."""

    row: Mapping[Any, Any]
    words: dict[str, str] = field(default_factory=dict)
    at: datetime | None = None

    def follow(self, name: str, word: str, at: datetime) -> None:
        """Take over ``word``, if the complaint does not say so already; nothing is assigned to nobody."""
        if FIELDS[name].word(self.row) == word or (word == ComplaintStatus.ASSIGNED and not self._agency):
            return
        self.words[name] = word
        self.at = max(self.at or at, at)

    @property
    def _agency(self) -> str | None:
        return self.words.get(AGENCY) or self.row["agency_code"]


async def adopt(db: AsyncConnection, every: Iterable[Followed], role: Role, actor: str, now: datetime) -> None:
    """Write what the complaints follow; three statements, however many there are."""
    changed = [each for each in every if each.words]
    if not changed:
        return
    lived = await lives(db, [each.row["id"] for each in changed])
    written = [(each, _values(each, lived[each.row["id"]], _moment(each, now))) for each in changed]
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _COLUMNS}
    statement = update(complaints).where(complaints.c.id == bindparam("complaint")).values(columns)
    await db.execute(statement, [{"complaint": each.row["id"], **_bound(new)} for each, new in written])
    by = {"role": role.value, "actor": actor, "note": None}
    steps = [step | by for each, new in written for step in _steps(each, new)]
    await db.execute(insert(complaint_steps), steps)


def _moment(followed: Followed, now: datetime) -> datetime:
    """When it happened there; but time does not run back in a timeline, and nothing happens tomorrow."""
    before: datetime = followed.row["updated_at"]
    return max(min(followed.at or now, now), before)


def _steps(followed: Followed, new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    step = {"complaint_id": followed.row["id"], "status": new["status"], "at": new["updated_at"]}
    if AGENCY in followed.words:
        yield {**step, "action": Action.ASSIGN.value}
    if followed.words.keys() - {AGENCY}:
        yield {**step, "action": Action.ADOPT.value}


def _values(followed: Followed, life: Life, at: datetime) -> dict[str, Any]:
    row = followed.row
    new = dict(row) | {FIELDS[name].column: FIELDS[name].of(word) for name, word in followed.words.items()}
    reached = Reached(ComplaintStatus(new["status"]), at)
    moved = STATUS in followed.words
    moves = [reached] if moved or AGENCY in followed.words else []
    return {
        **new,
        **(_times(reached, row) if moved else {}),
        **due([*life.reached, *moves], ComplaintClass(new["class"]), new["inspection"]),
        "updated_at": at,
    }


def _times(reached: Reached, row: Mapping[Any, Any]) -> dict[str, datetime | None]:
    """The milestones; but only our own desk makes a complaint public by verifying it."""
    found = times(reached.status, reached.at, row)
    return {**found, "verified_at": found["verified_at"] and row["verified_at"]}


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": values[name] for name in _COLUMNS}


async def locked(db: AsyncConnection, complaint_ids: Iterable[int]) -> Sequence[RowMapping]:
    """The complaints' rows, locked in the order of their ids, so that two who lock many cannot wait for each other."""
    wanted = complaints.c.id.in_(list(complaint_ids))
    found = await db.execute(select(complaints).where(wanted).order_by(complaints.c.id).with_for_update())
    return found.mappings().all()
