"""Compares what the two sides of a matter hold. The result depends on nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.agreement.enums import AgreementState, DifferenceCause, Side
from hub.agreement.pairs import STATUS, UNKNOWN_STATUS, Pair, PairField, Register


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one side holds: its values by field, since when it has its status, and when it last changed at all."""

    external_id: str
    values: Mapping[str, str | None]
    status_at: datetime
    changed_at: datetime

    def at(self, field: PairField) -> datetime:
        """Return the time of the value of a field."""
        return self.status_at if field.with_status else self.changed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDifference:
    """Two different values of one field, their times, and who decides it; None if a person has to."""

    field: str
    left: str | None
    right: str | None
    left_at: datetime
    right_at: datetime
    decider: Side | None

    @property
    def values(self) -> tuple[str, str | None, str | None]:
        """The field and both values. A difference with the same ones is the same difference, whatever its times are."""
        return self.field, self.left, self.right

    @property
    def since(self) -> datetime:
        """When the later of the two was set: since then they differ."""
        return max(self.left_at, self.right_at)

    @property
    def is_changed_back(self) -> bool:
        """Whether the side that follows changed its value after the side that decides it."""
        if self.decider is None:
            return False
        decided, followed = (
            (self.left_at, self.right_at) if self.decider is Side.LEFT else (self.right_at, self.left_at)
        )
        return followed > decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The result: a state other than ``PENDING``, the fields that differ, and who decides the status.

    ``decided`` are the status and the values that belong to it, as the deciding side has them; all values if only one
    side has the matter.
    """

    state: AgreementState
    differences: tuple[FieldDifference, ...] = ()
    decider: Side | None = None
    decided: tuple[tuple[str, str], ...] = ()
    cause: DifferenceCause | None = None
    """Of a state that no field explains."""
    only: Side | None = None
    """The side that has the matter, if the other one does not."""


def compare(
    pair: Pair,
    registers: Mapping[Side, Register],
    left: Sequence[Held],
    right: Sequence[Held],
    *,
    unsure: bool = False,
) -> Comparison:
    """Compare the records that each side has under one key; at least one side has one.

    The state is UNKNOWN if a side has several, or the match is ``unsure``.
    """
    if unsure or len(left) > 1 or len(right) > 1:
        return Comparison(state=AgreementState.UNKNOWN, cause=DifferenceCause.MATCH_UNSURE)
    if not left or not right:
        one = (left or right)[0]
        only = Side.LEFT if left else Side.RIGHT
        # Applications arrive at the centre, even if the region decides them.
        decider = Side.LEFT if left else _decider(pair, one.values, one.values)
        return Comparison(
            state=AgreementState.ONE_SIDED,
            decider=decider,
            decided=_stated(one, sorted(one.values)),
            cause=DifferenceCause.UNKNOWN_CODE if one.values.get(STATUS) == UNKNOWN_STATUS else None,
            only=only,
        )
    mine, theirs = left[0], right[0]
    decider = _decider(pair, mine.values, theirs.values)
    if UNKNOWN_STATUS in (mine.values.get(STATUS), theirs.values.get(STATUS)):
        return Comparison(state=AgreementState.UNKNOWN, decider=decider, cause=DifferenceCause.UNKNOWN_CODE)
    joined = _joined(mine.values, theirs.values)
    found = (_difference(field, registers, mine, theirs, joined) for field in pair.fields)
    differences = tuple(each for each in found if each is not None)
    state = AgreementState.DIFFERS if differences else AgreementState.AGREED
    with_status = [field.name for field in pair.fields if field.with_status]
    decided = _stated(theirs if decider is Side.RIGHT else mine, with_status)
    return Comparison(state=state, differences=differences, decider=decider, decided=decided)


def _stated(held: Held, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    values = ((name, held.values.get(name)) for name in names)
    return tuple((name, value) for name, value in values if value is not None)


def _decider(pair: Pair, left: Mapping[str, str | None], right: Mapping[str, str | None]) -> Side | None:
    """Return who decides the status."""
    status = next(field for field in pair.fields if field.name == STATUS)
    return status.decider(_joined(left, right))


def _joined(left: Mapping[str, str | None], right: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the values that decide who decides: the centre's, where it has them."""
    return {**right, **{name: value for name, value in left.items() if value is not None}}


def _difference(
    field: PairField,
    registers: Mapping[Side, Register],
    left: Held,
    right: Held,
    joined: Mapping[str, str | None],
) -> FieldDifference | None:
    decider = field.decider(joined)
    values = {Side.LEFT: left.values.get(field.name), Side.RIGHT: right.values.get(field.name)}
    if _are_equal(field, registers, values, decider):
        return None
    return FieldDifference(
        field=field.name,
        left=values[Side.LEFT],
        right=values[Side.RIGHT],
        left_at=left.at(field),
        right_at=right.at(field),
        decider=decider,
    )


def _are_equal(
    field: PairField,
    registers: Mapping[Side, Register],
    values: Mapping[Side, str | None],
    decider: Side | None,
) -> bool:
    """Return whether the values say the same, as far as both sides can say it."""
    one, other = values[Side.LEFT], values[Side.RIGHT]
    if one == other:
        return True
    deciding = decider or Side.LEFT
    decided, followed = values[deciding], values[deciding.other]
    if decided is None:
        # It may be unknown there, left out, or a code that the hub cannot read; and the hub sends no empty value.
        return True
    if followed is None:
        return field.name in registers[deciding.other].may_omit
    if field.name == STATUS:
        # Either side may have no code for a status of the other; these losses are declared.
        shown = registers[deciding.other].shows.get(decided)
        return shown == followed or registers[deciding].shows.get(followed) == decided
    return field.normalize(decided) == field.normalize(followed)
