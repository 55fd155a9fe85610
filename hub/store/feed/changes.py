"""The changes of the history that a viewer may see, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.feed import serialization
from hub.store.feed.cursors import Positions
from hub.store.feed.sequence import HUB
from hub.store.queries import visibility
from hub.store.queries.entity import one_of
from hub.store.queries.record_entities import is_displayable
from hub.store.queries.record_visibility import unless_secret
from hub.store.tables import changes, complaints, records
from hub.store.tables.sync import feed
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Change:
    """One change as a viewer sees it.

    Facts have the names of the GraphQL schema. ``before`` is None for a new subject, and if ``after`` replaces
    everything that the viewer knows. ``after`` is None if the subject was deleted or became secret. ``cause``,
    ``actor`` and ``correlation`` are None if the viewer may not see them.
    """

    system: str
    position: int
    kind: str
    subject: str
    fields: list[str]
    before: serialization.Facts | None
    after: serialization.Facts | None
    cause: str | None
    actor: str | None
    correlation: str | None
    effective_at: datetime
    recorded_at: datetime

    @property
    def removed(self) -> bool:
        """Whether the subject is gone: its system no longer lists it, or it was deleted."""
        return self.after is None or self.after.get("goneAt") is not None


def visible_changes(
    viewer: Viewer,
    start: Positions,
    upto: Positions,
    kinds: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> Select[Any]:
    """Return rows for ``to_change`` in the order of the feed.

    They are those that ``viewer`` may see, after ``start`` and up to ``upto``, of these kinds and subjects.
    """
    rest = [column for column in changes.c if column.name not in ("before", "after")]
    before, after = (
        serialization.with_exact_amount(column).label(column.name) for column in (changes.c.before, changes.c.after)
    )
    minimal = case((feed.c.system == HUB, ~visibility.fully_visible(viewer)), else_=False).label("minimal")
    hidden = and_(feed.c.system != HUB, func.coalesce(~unless_secret(viewer), False)).label("hidden")
    statement = (
        select(feed.c.position, *rest, before, after, minimal, hidden, complaints.c.citizen_id.label("reporter"))
        .join(changes, changes.c.id == feed.c.change_id)
        .outerjoin(complaints, and_(changes.c.kind == "complaint", complaints.c.ticket == changes.c.subject))
        .outerjoin(records, _is_of_record())
        .where(
            _within(start, upto), or_(_of_complaint(viewer), _of_record(viewer)), is_displayable(changes.c.effective_at)
        )
        .order_by(feed.c.settled_at, feed.c.system, feed.c.position)
    )
    chosen = {changes.c.kind: kinds, changes.c.subject: subjects}
    return statement.where(*(one_of(column)(values) for column, values in chosen.items() if values is not None))


def _within(start: Positions, upto: Positions) -> ColumnElement[bool]:
    """Return one condition for each system, so that the plan is made for a few ranges."""
    spans = (and_(feed.c.system == name, feed.c.position.between(start[name] + 1, last)) for name, last in upto.items())
    return or_(false(), *spans)


def _is_of_record() -> ColumnElement[bool]:
    return and_(
        records.c.system == changes.c.system,
        records.c.kind == changes.c.kind,
        records.c.external_id == changes.c.subject,
    )


def _of_complaint(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for changes of complaints; with minimal detail only those of minimal fields."""
    minimal = or_(changes.c.before.is_(None), changes.c.fields.overlap(list(serialization.MINIMAL_FIELDS)))
    return and_(feed.c.system == HUB, visibility.followable(viewer), or_(visibility.fully_visible(viewer), minimal))


def _of_record(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for changes of records that are not secret.

    A deletion is visible without its facts; ``before`` tells whether the record was secret. The change by which a
    record became secret is visible, because readers have to delete their copy.
    """
    was_secret, is_now_secret = (_is(column, secret=True) for column in (changes.c.before, changes.c.after))
    secret = func.coalesce(records.c.secret, case((changes.c.after.is_(None), was_secret)), True)
    became_secret = and_(records.c.secret, _is(changes.c.before, secret=False), is_now_secret)
    return and_(feed.c.system != HUB, or_(unless_secret(viewer, secret), became_secret))


def _is(facts: ColumnElement[Any], *, secret: bool) -> ColumnElement[bool]:
    return cast(func.jsonb_extract_path(facts, "secret"), JSONB) == literal(secret, JSONB)


def to_change(row: Mapping[Any, Any], viewer: Viewer) -> Change:
    """Return the change of a row of ``visible_changes``; a hidden one only shows that its subject is gone."""
    minimal, hidden = row["minimal"], row["hidden"]
    before, after = (None, None) if hidden else (row["before"], row["after"])
    if before and after and len(after) > len(before):
        # ``after`` has all facts: for the viewer the subject may have been gone, or shown with other detail.
        before = None
    return Change(
        system=row["system"],
        position=row["position"],
        kind=row["kind"],
        subject=row["subject"],
        fields=[] if hidden else serialization.serialize_names(row["fields"], row["kind"], minimal=minimal),
        before=serialization.serialize(before, row["kind"], minimal=minimal),
        after=serialization.serialize(after, row["kind"], minimal=minimal),
        cause=None if minimal or hidden else row["cause"],
        actor=row["actor"] if _may_see_actor(row, viewer) and not (minimal or hidden) else None,
        correlation=None if minimal or hidden else row["correlation"],
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
    )


def _may_see_actor(row: Mapping[Any, Any], viewer: Viewer) -> bool:
    """Return whether ``viewer`` may see the actor.

    Actors on complaints are visible to officers, except the reporter's account, and to the actor itself.
    """
    if row["system"] != HUB or row["actor"] == viewer.name:
        return True
    return visibility.handles_complaints(viewer) and row["actor"] != row["reporter"]
