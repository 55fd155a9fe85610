"""Laws of agreement: what a state depends on, that each code has a meaning, and that only declared losses are equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import assume, given
from hypothesis import strategies as st

from hub.agreement.assessment import CREATION, MAX_TIMES, Assessment, Known, Telling, assess
from hub.agreement.comparison import Comparison, Held, compare
from hub.agreement.enums import AgreementState, NextStep, Side
from hub.agreement.pairs import PERMITS, Register
from hub.complaints.forwarding import DeliveryState
from hub.connectors.oss import statuses as oss
from hub.connectors.oss.register import REGISTER as LEFT
from hub.connectors.perizinan import statuses as perizinan
from hub.connectors.perizinan.register import REGISTER as RIGHT
from hub.kinds import PermitAuthority, PermitStatus

REGISTERS: Mapping[Side, Register] = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}
T0 = datetime(2026, 11, 2, 3, tzinfo=UTC)
UNKNOWN = PermitStatus.UNKNOWN

MINUTES = st.integers(0, 9).map(lambda minutes: T0 + timedelta(minutes=minutes))
OPTIONAL = st.sampled_from([None, "1", "2"])
VALUES = st.fixed_dictionaries(
    {
        "status": st.sampled_from([each.value for each in PermitStatus]),
        "authority": st.sampled_from([None, *(each.value for each in PermitAuthority)]),
        **dict.fromkeys(("number", "issued_on", "valid_until", "type_code", "kbli", "scale", "area_code"), OPTIONAL),
    }
)
HELD = st.builds(Held, external_id=st.just("1"), values=VALUES, status_at=MINUTES, changed_at=MINUTES)
TELLINGS = st.none() | st.builds(
    Telling,
    decision=st.sampled_from(["a", CREATION]),
    times=st.integers(1, MAX_TIMES + 1),
    state=st.sampled_from(DeliveryState),
    attempts=st.integers(0, 3),
    done_at=st.none() | MINUTES,
)
WRITES = st.lists(st.tuples(st.sampled_from(Side), HELD), min_size=1, max_size=8)


def compared(left: Held | None, right: Held | None) -> Comparison:
    return compare(PERMITS, REGISTERS, [left] if left else [], [right] if right else [])


DIFFERENCES = st.just(()) | st.builds(compared, HELD, HELD).map(lambda found: found.differences)
KNOWN = st.none() | st.builds(
    Known,
    state=st.sampled_from([each for each in AgreementState if each is not AgreementState.PENDING]),
    since=MINUTES,
    pending_until=st.none() | MINUTES,
    telling=TELLINGS,
    differences=DIFFERENCES,
)


def assessed(comparison: Comparison, known: Known | None, now: datetime = T0) -> Assessment:
    return assess(PERMITS, REGISTERS, comparison, known, now, T0)


def with_decision(known: Known | None, comparison: Comparison) -> Known | None:
    """Return what is known with the decision that the comparison leads to, so that it was sent, or is being sent."""
    first = assessed(comparison, None).tell
    if known is None or known.telling is None or first is None:
        return known
    return replace(known, telling=replace(known.telling, decision=first.decision))


def with_status(status: PermitStatus, authority: PermitAuthority | None) -> Held:
    values = {"status": status.value, "authority": authority.value if authority else None}
    return Held(external_id="1", values=values, status_at=T0, changed_at=T0)


@given(HELD, HELD, KNOWN, MINUTES)
def test_state_and_differences_depend_on_values_alone(
    left: Held, right: Held, known: Known | None, now: datetime
) -> None:
    comparison = compared(left, right)
    found = assessed(comparison, known, now)
    assert found.state is comparison.state
    assert [(each.difference.values, each.difference.decider) for each in found.differences] == [
        (each.values, each.decider) for each in comparison.differences
    ]
    without = assessed(comparison, replace(known, differences=()) if known else None, now)
    assert tuple(each.difference for each in without.differences) == comparison.differences
    assert found.decider is comparison.decider
    later = [replace(each, status_at=now, changed_at=now) for each in (left, right)]
    again = compared(*later)
    assert (again.state, again.decider, again.decided) == (comparison.state, comparison.decider, comparison.decided)
    assert [(each.field, each.left, each.right) for each in again.differences] == [
        (each.field, each.left, each.right) for each in comparison.differences
    ]


@given(HELD, HELD, KNOWN)
def test_what_cannot_be_sent_does_not_affect_what_is_sent(left: Held, right: Held, known: Known | None) -> None:
    """The data of the business is such: no register takes it."""
    known = with_decision(known, compared(left, right))
    business = {name: left.values[name] for name in ("type_code", "kbli", "scale", "area_code")}
    found, same = (
        assessed(compared(left, each), known) for each in (right, replace(right, values={**right.values, **business}))
    )
    assert found.tell == same.tell
    sent = [each for each in found.differences if each.difference.field not in business]
    assert sent == list(same.differences)


@given(HELD, HELD, st.integers(MAX_TIMES, MAX_TIMES + 3), st.sampled_from(["AGREED", "DIFFERS"]), MINUTES)
def test_what_was_sent_twice_waits_for_a_person(
    left: Held, right: Held, times: int, state: str, done_at: datetime
) -> None:
    """A person can have it sent more often than that."""
    comparison = compared(left, right)
    first = assessed(comparison, None).tell
    assume(first is not None)
    assert first
    sent = replace(first, times=times, state=DeliveryState.DONE, done_at=done_at)
    found = assessed(comparison, Known(state=AgreementState(state), since=T0, pending_until=None, telling=sent))
    assert found.tell is None
    assert {each.next_step for each in found.differences} == {NextStep.PERSON}


@given(HELD, HELD, KNOWN)
def test_a_creation_depends_on_values_alone(one: Held, other: Held, known: Known | None) -> None:
    """It is the same decision with the same values, another with others, and none with an unknown status."""
    first, second = (assessed(compared(each, None), None).tell for each in (one, other))
    assert (first is None) == (one.values["status"] == UNKNOWN)
    if first and second:
        assert first.decision.startswith(CREATION)
        assert (first.decision == second.decision) == (one.values == other.values)
    found = assessed(compared(one, None), with_decision(known, compared(other, None)))
    if found.tell:
        assert first
        assert found.tell.decision == first.decision


@given(WRITES, st.data())
def test_no_order_or_repetition_of_writes_changes_the_end(writes: list[tuple[Side, Held]], data: st.DataObject) -> None:
    """Each record has its last version at the end, however the writes to the two sides were mixed."""
    last = dict(writes)
    mixed = data.draw(st.permutations([(side, held, place) for place, (side, held) in enumerate(writes)] * 2))
    held: dict[Side, tuple[int, Held]] = {}
    known: Known | None = None
    for number, (side, each, place) in enumerate(mixed):
        # An older version of a record is stale and changes nothing.
        if side not in held or place >= held[side][0]:
            held[side] = place, each
        found = assessed(compared(*(held[one][1] if one in held else None for one in Side)), known)
        telling = found.tell or (known.telling if known else None)
        known = Known(state=found.state, since=found.since, pending_until=found.pending_until, telling=telling)
        if number + 1 == len(mixed):
            end = compared(*(last.get(one) for one in Side))
            assert found.state is end.state
            assert tuple(one.difference for one in found.differences) == end.differences


@given(st.lists(st.tuples(HELD, HELD), min_size=2, max_size=5))
def test_a_difference_began_when_it_was_first_seen(seen: list[tuple[Held, Held]]) -> None:
    """Whatever the times of later records are; a matter differs since the oldest of its present differences."""
    now = T0 + timedelta(minutes=10)
    began: dict[tuple[str, str | None, str | None], datetime] = {}
    known: Known | None = None
    for comparison in (compared(*each) for each in seen):
        began = {each.values: min(each.since, began.get(each.values, each.since)) for each in comparison.differences}
        found = assessed(comparison, known, now)
        differences = tuple(each.difference for each in found.differences)
        assert {each.values: each.since for each in differences} == began
        if began:
            assert found.since == min(began.values())
        before = (known.state, {each.values for each in known.differences}) if known else None
        assert found.unchanged == (before == (comparison.state, set(began)))
        known = Known(state=found.state, since=found.since, pending_until=None, telling=None, differences=differences)


@given(VALUES, VALUES)
def test_only_a_change_of_authority_changes_who_decides(one: dict[str, str], other: dict[str, str]) -> None:
    """A permit goes from the centre to the region: the values that differ stay, who decides them changes."""
    left, right = (
        Held(external_id="1", values={name: value or "3" for name, value in each.items()}, status_at=T0, changed_at=T0)
        for each in (one, other)
    )
    of_centre, of_region = (
        compared(*(replace(each, values={**each.values, "authority": level.value}) for each in (left, right)))
        for level in (PermitAuthority.CENTRE, PermitAuthority.REGENCY)
    )
    assert of_centre.state is of_region.state
    assert (of_centre.decider, of_region.decider) == (Side.LEFT, Side.RIGHT)
    for before, after in zip(of_centre.differences, of_region.differences, strict=True):
        assert (before.field, before.left, before.right) == (after.field, after.left, after.right)
        of_status = before.field in {"status", "number", "issued_on", "valid_until"}
        assert (before.decider, after.decider) == (Side.LEFT, Side.RIGHT if of_status else Side.LEFT)


def test_only_declared_losses_are_no_differences() -> None:
    agreed = {
        (one, other)
        for one, other, level in product(PermitStatus, PermitStatus, (None, *PermitAuthority))
        if one is not other and compared(with_status(one, level), with_status(other, level)).state.value == "AGREED"
    }
    lost = {(status, perizinan.STATUS[perizinan.CODE[status]]) for status in perizinan.LOST_IN_CODE}
    assert agreed == lost
    assert {status for status in oss.CODE if LEFT.shows[status.value] != status.value} == set()


def test_what_the_deciding_side_does_not_state_is_not_compared() -> None:
    """The side that follows may leave out what its register declares, and no more."""
    silent = {(field.name, side) for field, side in product(PERMITS.fields, Side) if field.name != "status"}
    for level in PermitAuthority:
        status_decider = Side.LEFT if level is PermitAuthority.CENTRE else Side.RIGHT
        agreed = {(name, side) for name, side in silent if one_states(name, side.other, level).state.value == "AGREED"}
        omitted = {("valid_until", Side.LEFT)}
        undecided = {
            (name, status_decider if name in {"number", "issued_on", "valid_until"} else Side.LEFT)
            for name, _ in silent
        }
        assert agreed == undecided | omitted


def one_states(name: str, side: Side, level: PermitAuthority) -> Comparison:
    """Compare an issued permit of which one side states a value and the other none."""
    stated = with_status(PermitStatus.ISSUED, level)
    stated = replace(stated, values={**stated.values, name: stated.values.get(name) or "1"})
    other = replace(stated, values={**stated.values, name: None})
    return compared(stated, other) if side is Side.LEFT else compared(other, stated)


def test_each_status_can_be_sent_or_is_declared() -> None:
    for register, codes in ((LEFT, oss), (RIGHT, perizinan)):
        assert register.shows.keys() == {status.value for status in PermitStatus} - {
            status.value for status in codes.WITHOUT_CODE
        }


@given(st.text(max_size=8) | st.sampled_from([*oss.STATUS, *perizinan.STATUS]))
def test_each_code_has_a_status(code: str) -> None:
    for codes in (oss.STATUS, perizinan.STATUS):
        status = codes.get(code, UNKNOWN)
        assert (status is UNKNOWN) == (code not in codes)
        known = with_status(PermitStatus.ISSUED, PermitAuthority.CENTRE)
        state = compared(with_status(status, PermitAuthority.CENTRE), known).state
        assert (state is AgreementState.UNKNOWN) == (status is UNKNOWN)
