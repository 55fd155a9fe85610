"""A change as a viewer is told it: which rows of the history there are for whom, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.feed import facts
from hub.store.feed.cursors import Positions
from hub.store.feed.positions import HUB
from hub.store.reading import sight
from hub.store.reading.record_entities import unless_secret
from hub.store.tables import changes, complaints, records
from hub.store.tables_sync import feed
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Change:
    """One change as a viewer is told it. Facts are by the graph's names; ``before`` is None for what is new,
    ``after`` for what was deleted. None in ``cause``, ``actor`` and ``correlation``: not told."""

    system: str
    position: int
    kind: str
    subject: str
    fields: list[str]
    before: facts.Facts | None
    after: facts.Facts | None
    cause: str | None
    actor: str | None
    correlation: str | None
    effective_at: datetime
    recorded_at: datetime

    @property
    def removed(self) -> bool:
        """Whether the subject is gone: its system no longer lists it, or it was deleted."""
        return self.after is None or self.after.get("goneAt") is not None


def visible(viewer: Viewer, start: Positions, upto: Positions, kinds: Sequence[str] | None) -> Select[Any]:
    """Rows for ``told``, in the order of the feed: what there is for ``viewer`` after ``start`` and up to ``upto``."""
    rest = [column for column in changes.c if column.name not in ("before", "after")]
    before, after = (facts.exact(column).label(column.name) for column in (changes.c.before, changes.c.after))
    bare = case((feed.c.system == HUB, ~sight.in_full(viewer)), else_=False).label("bare")
    statement = (
        select(feed.c.position, *rest, before, after, bare, complaints.c.citizen_id.label("reporter"))
        .join(changes, changes.c.id == feed.c.change_id)
        .outerjoin(complaints, and_(changes.c.kind == "complaint", complaints.c.ticket == changes.c.subject))
        .outerjoin(records, _is_of_record())
        .where(_within(start, upto), or_(_of_complaint(viewer), _of_record(viewer)))
        .order_by(feed.c.settled_at, feed.c.system, feed.c.position)
    )
    return statement if kinds is None else statement.where(changes.c.kind.in_(kinds))


def _within(start: Positions, upto: Positions) -> ColumnElement[bool]:
    """Written out for each system, so that the plan is made for how few they are."""
    spans = (and_(feed.c.system == name, feed.c.position.between(start[name] + 1, last)) for name, last in upto.items())
    return or_(false(), *spans)


def _is_of_record() -> ColumnElement[bool]:
    return and_(
        records.c.system == changes.c.system,
        records.c.kind == changes.c.kind,
        records.c.external_id == changes.c.subject,
    )


def _of_complaint(viewer: Viewer) -> ColumnElement[bool]:
    """Of a complaint of which only the bare facts are told, the changes of these."""
    bare = or_(changes.c.before.is_(None), changes.c.fields.overlap(list(facts.BARE)))
    return and_(feed.c.system == HUB, sight.followed(viewer), or_(sight.in_full(viewer), bare))


def _of_record(viewer: Viewer) -> ColumnElement[bool]:
    """Of a record that was deleted, only that it was; what it was before tells whether it was secret."""
    was = cast(func.jsonb_extract_path(changes.c.before, "secret"), JSONB) == literal(True, JSONB)
    secret = func.coalesce(records.c.secret, case((changes.c.after.is_(None), was)), True)
    return and_(feed.c.system != HUB, unless_secret(viewer, secret))


def told(row: Mapping[Any, Any], viewer: Viewer) -> Change:
    """The change of a row that ``visible`` found."""
    bare = row["bare"]
    return Change(
        system=row["system"],
        position=row["position"],
        kind=row["kind"],
        subject=row["subject"],
        fields=facts.names(row["fields"], bare=bare),
        before=facts.told(row["before"], bare=bare),
        after=facts.told(row["after"], bare=bare),
        cause=None if bare else row["cause"],
        actor=row["actor"] if _knows_actor(row, viewer) and not bare else None,
        correlation=None if bare else row["correlation"],
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
    )


def _knows_actor(row: Mapping[Any, Any], viewer: Viewer) -> bool:
    """Who acts on complaints is for those who handle them, but for the reporter's account, and for who it was."""
    if row["system"] != HUB or row["actor"] == viewer.name:
        return True
    return sight.handles(viewer) and row["actor"] != row["reporter"]
