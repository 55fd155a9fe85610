"""Records that became complaints: each with its reporter, its keys and its first steps, many in one go.

Nobody is asked: what another system passed on has been verified there, so the first steps are the system's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.complaints import passed_on
from hub.complaints.calendar import JAKARTA
from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.deadlines import Reached
from hub.complaints.reporter import Reporter
from hub.complaints.tickets import Ticket
from hub.complaints.workflow import Action, Role
from hub.connectors.base import Intake
from hub.errors import BadRecord
from hub.kinds import Key
from hub.store.complaints.milestones import due, times
from hub.store.complaints.submission import DEFAULT_CATEGORY, sealed_reporter
from hub.store.exchange import counterparts
from hub.store.exchange.counterparts import Match, Origin
from hub.store.sealing import Seal
from hub.store.tables import complaint_keys, complaint_steps, complaints, reporters

KEPT_KEYS = frozenset({"report", "payment", "order"})
"""The keys by which a complaint names records."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record that asks to become a complaint."""

    external_id: str
    intake: Intake
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class _New:
    """A complaint about to be: its columns but the ticket, what it reached, and who reported it."""

    wanted: Wanted
    life: tuple[tuple[Action, Reached], ...]
    reporter: Reporter | None
    columns: dict[str, Any]

    @property
    def year(self) -> int:
        """The year of its ticket."""
        return self.life[0][1].at.astimezone(JAKARTA).year


def wanted(external_id: str, intake: Intake, keys: tuple[Key, ...]) -> Wanted:
    """What is wanted; raises ``BadRecord`` for what cannot be made to fit."""
    if intake.klass not in ComplaintClass.__members__:
        raise BadRecord("the class of the complaint it asks for is unknown")
    return Wanted(external_id, intake, keys)


async def take_in(
    db: AsyncConnection, seal: Seal, system: str, channel: Channel, every: Sequence[Wanted], now: datetime
) -> list[Match]:
    """Make complaints of the records, which have none yet; the number of statements does not depend on how many.

    Whoever calls this holds the system's lock, and takes no lock after it: submissions wait for the tickets' numbers.
    """
    if not every:
        return []
    new = [_new(system, channel, each, now) for each in every]
    owners = await _add_reporters(db, seal, new)
    tickets = await _tickets(db, new)
    rows = [
        {**each.columns, "ticket": ticket, "reporter_id": owner}
        for each, ticket, owner in zip(new, tickets, owners, strict=True)
    ]
    added = await db.execute(insert(complaints).returning(complaints.c.id, sort_by_parameter_order=True), rows)
    ids = list(added.scalars())
    await _add_what_hangs_on(db, system, dict(zip(ids, new, strict=True)))
    links = [(each.wanted.external_id, id_, Origin.INTAKE.value) for id_, each in zip(ids, new, strict=True)]
    return await counterparts.link(db, system, links)


def _new(system: str, channel: Channel, wanted: Wanted, now: datetime) -> _New:
    told = wanted.intake
    received = min(told.received_at, now)
    agency = passed_on.agency(told.agency_code, now.astimezone(JAKARTA).date())
    life = tuple(_life(received, agency))
    klass = ComplaintClass(told.klass)
    milestones: dict[str, Any] = dict.fromkeys(("verified_at", "answered_at", "closed_at"))
    for _, reached in life:
        milestones = times(reached.status, reached.at, milestones)
    columns = {
        "channel": channel.value,
        "class": klass.value,
        "inspection": False,
        "anonymous": told.anonymous,
        "secret": told.secret,
        "attachments": [],
        "category": passed_on.category(told.category, DEFAULT_CATEGORY),
        "title": passed_on.title(told.title, told.text),
        "text": passed_on.text(told.text, told.title),
        "area_code": passed_on.area(told.area_code),
        "agency_code": agency,
        "submitted_by": f"system:{system}",
        "status": life[-1][1].status.value,
        "received_at": received,
        "updated_at": received,
        **milestones,
        **due([reached for _, reached in life], klass, inspection=False),
    }
    return _New(wanted, life, passed_on.who(told.reporter), columns)


def _life(at: datetime, agency: str | None) -> Iterator[tuple[Action, Reached]]:
    """It came in verified, and with the agency that must answer if that is one of ours; else the desk finds one."""
    yield Action.SUBMIT, Reached(ComplaintStatus.RECEIVED, at)
    yield Action.VERIFY, Reached(ComplaintStatus.VERIFIED, at)
    if agency:
        yield Action.ASSIGN, Reached(ComplaintStatus.ASSIGNED, at)


async def _add_reporters(db: AsyncConnection, seal: Seal, new: Sequence[_New]) -> list[int | None]:
    """The reporters' ids, None for those who are not told; an id is taken first, as what is sealed is bound to it."""
    known = [each.reporter for each in new if each.reporter]
    taken = "select nextval(pg_get_serial_sequence('reporters', 'id')) from generate_series(1, :count)"
    ids = list(await db.scalars(text(taken), {"count": len(known)})) if known else []
    each = zip(ids, known, strict=True)
    rows = [sealed_reporter(seal, id_, who.name, who.phone, who.email, who.nik) for id_, who in each]
    if rows:
        await db.execute(insert(reporters), rows)
    left = iter(ids)
    return [next(left) if each.reporter else None for each in new]


async def _tickets(db: AsyncConnection, new: Sequence[_New]) -> list[str]:
    next_of = {}
    for year, count in sorted(Counter(each.year for each in new).items()):
        statement = (
            "insert into ticket_numbers (year, last) values (:year, :count)"
            " on conflict (year) do update set last = ticket_numbers.last + :count returning last"
        )
        last = int(await db.scalar(text(statement), {"year": year, "count": count}) or 0)
        next_of[year] = iter(range(last - count + 1, last + 1))
    return [str(Ticket(each.year, next(next_of[each.year]))) for each in new]


async def _add_what_hangs_on(db: AsyncConnection, system: str, new: dict[int, _New]) -> None:
    by = {"role": Role.SYSTEM.value, "actor": system, "note": None}
    steps = [
        {**by, "complaint_id": id_, "action": action.value, "status": reached.status.value, "at": reached.at}
        for id_, each in new.items()
        for action, reached in each.life
    ]
    await db.execute(insert(complaint_steps), steps)
    keys = [
        {"complaint_id": id_, "name": key.name, "value": key.value}
        for id_, each in new.items()
        for key in dict.fromkeys(each.wanted.keys)
        if key.name in KEPT_KEYS and not key.personal
    ]
    if keys:
        await db.execute(insert(complaint_keys), keys)
