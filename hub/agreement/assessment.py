"""Adds to a comparison what depends on time and on deliveries: the cause, what the hub sends, and what happens next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.agreement.comparison import Comparison, FieldDifference
from hub.agreement.enums import AgreementState, DifferenceCause, NextStep, Side
from hub.agreement.pairs import STATUS, Pair, Register
from hub.complaints.forwarding import DeliveryState

MAX_TIMES = 2
"""How often one decision is sent: once, and once more if the side that follows changed the value back."""
CREATION = "CREATE"
"""The prefix of the digest of a decision to create a missing record; earlier versions stored the prefix alone."""
_OPEN = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What the hub sent, or is sending, about a matter: the digest of the decision, how often, and how far it is."""

    decision: str
    times: int
    state: DeliveryState
    attempts: int = 0
    done_at: datetime | None = None

    @property
    def was_tried(self) -> bool:
        """Whether an attempt has ended; the one that is under way does not count."""
        return self.attempts > (self.state is DeliveryState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedDifference:
    """A difference with its cause and what happens next. Its times are those when it was first known."""

    difference: FieldDifference
    cause: DifferenceCause
    next_step: NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What is known about a matter. ``tell`` is the decision that has to be sent to the side that follows, if any.

    ``withdraw``: what was planned before need not be sent any more. ``unchanged``: the state and the values that differ
    are those that are known.

    A state other than ``AGREED`` counts as ``PENDING`` until ``pending_until``.
    """

    state: AgreementState
    cause: DifferenceCause | None
    since: datetime
    pending_until: datetime | None
    differences: tuple[AssessedDifference, ...]
    decider: Side | None
    next_step: NextStep | None
    tell: Telling | None = None
    withdraw: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored about a matter: its state without the window, since when, its differences, and what was sent."""

    state: AgreementState
    since: datetime
    pending_until: datetime | None
    telling: Telling | None
    differences: tuple[FieldDifference, ...] = ()


def assess(
    pair: Pair,
    registers: Mapping[Side, Register],
    comparison: Comparison,
    known: Known | None,
    now: datetime,
    changed_at: datetime,
) -> Assessment:
    """Assess a comparison. ``changed_at`` is when either side last changed, for a state that no field explains."""
    telling = known.telling if known else None
    sendable = _sendable(registers, comparison)
    decision = _decision(registers, comparison, sendable)
    again = _next_telling(sendable, known, decision)
    current = again or (telling if decision else None)
    before = {each.values: each for each in known.differences} if known else {}
    differences = tuple(
        _assessed(each, before.get(each.values), current if each in sendable else None)
        for each in comparison.differences
    )
    waits = again is not None or (telling is not None and telling.decision == decision and telling.state in _OPEN)
    return Assessment(
        state=comparison.state,
        cause=comparison.cause or _main_cause(differences) or _one_sided_cause(comparison, current),
        since=_since(comparison, differences, known, now, changed_at),
        pending_until=_pending_until(known, again, now + timedelta(seconds=pair.window)) if waits else None,
        differences=differences,
        decider=comparison.decider,
        next_step=_next_step(registers, comparison, differences, waits=waits),
        tell=again,
        withdraw=telling is not None and again is None and telling.decision != decision,
        unchanged=known is not None
        and known.state is comparison.state
        and before.keys() == {each.values for each in comparison.differences},
    )


def _sendable(registers: Mapping[Side, Register], comparison: Comparison) -> tuple[FieldDifference, ...]:
    """Return the differences whose value can be sent to the side that follows; no other affects what is sent."""
    if comparison.decider is None:
        return ()
    follower = registers[comparison.decider.other]
    return tuple(each for each in comparison.differences if _can_be_told(each, follower, comparison.decider))


def _decision(
    registers: Mapping[Side, Register], comparison: Comparison, sendable: tuple[FieldDifference, ...]
) -> str | None:
    """Return the digest of what has to be sent to the side that follows; None if there is nothing to send."""
    is_creation = comparison.state is AgreementState.ONE_SIDED
    if not (_can_be_created(registers, comparison) if is_creation else sendable):
        return None
    digest = hashlib.sha256(repr(comparison.decided).encode()).hexdigest()[:16]
    return f"{CREATION}-{digest}" if is_creation else digest


def _can_be_created(registers: Mapping[Side, Register], comparison: Comparison) -> bool:
    """Return whether the hub can create the record that a side lacks, which it cannot with an unknown status."""
    has_it = comparison.only is comparison.decider is Side.LEFT
    return has_it and comparison.cause is None and registers[Side.RIGHT].creates


def _can_be_told(difference: FieldDifference, follower: Register, decider: Side | None) -> bool:
    if decider is None or difference.decider is not decider or difference.field not in follower.takes:
        return False
    value = difference.left if decider is Side.LEFT else difference.right
    return difference.field != STATUS or value in follower.shows


def _next_telling(sendable: tuple[FieldDifference, ...], known: Known | None, decision: str | None) -> Telling | None:
    """Return what has to be sent now: a new decision, or the same once more if it was changed back."""
    if decision is None:
        return None
    telling = known.telling if known else None
    if known is None or telling is None or telling.decision != decision:
        # A value that was changed back before it was ever sent is sent once, not twice.
        times = MAX_TIMES if any(each.is_changed_back for each in sendable) else 1
        return Telling(decision=decision, times=times, state=DeliveryState.WAITING)
    if telling.state is not DeliveryState.DONE or telling.done_at is None or telling.times >= MAX_TIMES:
        return None
    if _differs_again(sendable, known) or _changed_after(sendable, telling.done_at):
        return Telling(decision=decision, times=telling.times + 1, state=DeliveryState.WAITING)
    return None


def _differs_again(sendable: tuple[FieldDifference, ...], known: Known) -> bool:
    """Return whether the sides agreed on a value, or on all, and differ now.

    The decision is the same, so the side that follows has changed it back, whatever the clocks of the systems say.
    """
    if known.state is AgreementState.DIFFERS:
        return not {each.field for each in sendable} <= {each.field for each in known.differences}
    return known.state is AgreementState.AGREED


def _changed_after(sendable: tuple[FieldDifference, ...], at: datetime) -> bool:
    """Return whether the side that follows changed a value after it was sent."""
    return any(
        each.is_changed_back and (each.right_at if each.decider is Side.LEFT else each.left_at) > at
        for each in sendable
    )


def _assessed(
    difference: FieldDifference, before: FieldDifference | None, telling: Telling | None
) -> AssessedDifference:
    """Assess a difference. ``before`` is the same one as it is known, which the times of a record do not restart."""
    cause, step = _cause(difference, telling)
    first = min(before, difference, key=lambda each: each.since) if before else difference
    return AssessedDifference(
        difference=replace(difference, left_at=first.left_at, right_at=first.right_at), cause=cause, next_step=step
    )


def _cause(difference: FieldDifference, telling: Telling | None) -> tuple[DifferenceCause, NextStep]:
    """Return the cause and the next step. ``telling`` is what is sent of the difference, or was; None if nothing."""
    if difference.decider is None:
        return DifferenceCause.CONFLICT, NextStep.PERSON
    if telling is None:
        return DifferenceCause.NOT_TOLD, NextStep.PERSON
    step = NextStep.DELIVERY if telling.state in _OPEN else NextStep.PERSON
    if difference.is_changed_back or telling.times >= MAX_TIMES:
        return DifferenceCause.CHANGED_BACK, step
    if telling.state is DeliveryState.DONE:
        return DifferenceCause.TOLD_LATE, NextStep.READ
    return (DifferenceCause.NOT_TAKEN if telling.was_tried else DifferenceCause.NOT_TOLD), step


def _main_cause(differences: tuple[AssessedDifference, ...]) -> DifferenceCause | None:
    """Return the cause of the first difference; the fields are in the order of their weight, the status first."""
    return differences[0].cause if differences else None


def _one_sided_cause(comparison: Comparison, telling: Telling | None) -> DifferenceCause | None:
    if comparison.state is not AgreementState.ONE_SIDED:
        return None
    return DifferenceCause.NOT_TAKEN if telling and telling.was_tried else DifferenceCause.NOT_TOLD


def _next_step(
    registers: Mapping[Side, Register],
    comparison: Comparison,
    differences: tuple[AssessedDifference, ...],
    *,
    waits: bool,
) -> NextStep | None:
    if comparison.state is AgreementState.AGREED:
        return None
    if waits:
        return NextStep.DELIVERY
    if comparison.only is not None and not registers[comparison.only.other].lists_all:
        return NextStep.READ
    return differences[0].next_step if differences else NextStep.PERSON


def _since(
    comparison: Comparison,
    differences: tuple[AssessedDifference, ...],
    known: Known | None,
    now: datetime,
    changed_at: datetime,
) -> datetime:
    """Return since when the state holds: since the earliest of its differences, or since the hub saw it."""
    if differences:
        return min(now, min(each.difference.since for each in differences))
    if known is not None and known.state is comparison.state:
        return known.since
    return now if known is not None else min(now, changed_at)


def _pending_until(known: Known | None, again: Telling | None, end: datetime) -> datetime:
    """Return the end of the window: ``end`` if one begins now, for what is sent now."""
    going_on = known.pending_until if known and again is None else None
    return going_on or end
