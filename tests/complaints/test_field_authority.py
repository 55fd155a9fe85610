"""The laws of merging: one result, whatever the order, repetition and delay of both sides' values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.complaints.field_authority import Authority, MergeResult, SharedField, Value, latest, merge
from hub.store.reconciliation.field_states import FieldState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = ("ASSIGNED", "IN_PROGRESS", "ANSWERED", "CLOSED", "RETURNED")

values = st.sampled_from(VALUES)
# Few instants, so that several words fall on one.
timed_values = st.builds(Value, st.integers(0, 5).map(lambda minutes: NOW + timedelta(minutes=minutes)), values)
maybe = st.none() | timed_values
authorities = st.sampled_from(list(Authority))
leaving = st.dictionaries(values, st.sets(values))
update_lists = st.lists(st.tuples(st.booleans(), timed_values), min_size=1, max_size=6)


@given(maybe, maybe, maybe)
def test_merging_partial_updates_is_a_semilattice(one: Value | None, other: Value | None, third: Value | None) -> None:
    assert latest(one, one) == one
    assert latest(one, None) == one
    assert latest(one, other) == latest(other, one)
    assert latest(latest(one, other), third) == latest(one, latest(other, third))


@given(authorities, maybe, maybe, leaving)
def test_one_side_owns_a_value_and_a_person_decides_shared_ones(
    authority: Authority, ours: Value | None, theirs: Value | None, leaves: dict[str, set[str]]
) -> None:
    merged = merge(authority, ours, theirs, leaves)
    spoken = {each.value for each in (ours, theirs) if each}
    assert merged.value in spoken if spoken else merged == MergeResult(None)
    assert not merged.conflict or (authority is Authority.MANUAL and ours and theirs and ours.value != theirs.value)
    if authority is Authority.LOCAL and ours:
        assert merged.value == ours.value
    if authority is Authority.REMOTE and theirs and not leaves:
        assert merged.value == theirs.value


@given(authorities, timed_values, timed_values)
def test_the_latest_writer_wins_only_where_the_latest_applies(authority: Authority, ours: Value, theirs: Value) -> None:
    again = Value(max(ours.at, theirs.at) + timedelta(minutes=1), ours.value)
    before, after = merge(authority, ours, theirs), merge(authority, again, theirs)
    assert after == (before if authority is not Authority.LATEST else MergeResult(ours.value))


def test_the_other_system_wins_a_tie_where_the_latest_applies() -> None:
    for ours, theirs in (("ANSWERED", "CLOSED"), ("CLOSED", "ANSWERED")):
        assert merge(Authority.LATEST, Value(NOW, ours), Value(NOW, theirs)) == MergeResult(theirs)


def settle(authority: Authority, leaves: dict[str, set[str]], events: list[tuple[bool, Value]]) -> tuple[object, ...]:
    """Return the merged value at the end, and whether a person must decide; values are merged after each event."""
    field = FieldState("centre", 1, "status")
    merged = MergeResult(None)
    for is_ours, value in events:
        (field.set_local if is_ours else field.set_remote)(value)
        merged = field.merge(SharedField("status", authority, "", "", leaves), NOW)
    return merged, field.local, field.remote, field.conflict_since


@given(authorities, leaving, update_lists, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_updates_gives_one_result(
    authority: Authority, leaves: dict[str, set[str]], events: list[tuple[bool, Value]], dice: object
) -> None:
    shuffled = [*events, *dice.choices(events, k=4)]  # type: ignore[attr-defined]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert settle(authority, leaves, shuffled) == settle(authority, leaves, events)


@given(leaving, update_lists, values)
def test_a_declined_value_raises_no_conflict_but_a_new_one_does(
    leaves: dict[str, set[str]], events: list[tuple[bool, Value]], other: str
) -> None:
    field = FieldState("centre", 1, "agency")
    for is_ours, value in events:
        (field.set_local if is_ours else field.set_remote)(value)
    shared = SharedField("agency", Authority.MANUAL, "", "", leaves)
    conflict = field.merge(shared, NOW).conflict
    field.declined = field.remote.value if field.remote else None
    field.merge(shared, NOW)
    assert field.conflict_since is None
    field.set_remote(Value(NOW + timedelta(hours=1), other))
    conflict = field.merge(shared, NOW).conflict
    assert (field.conflict_since is not None) is (conflict and other != field.declined)


def test_what_a_system_declares_comes_back_as_it_was_registered() -> None:
    shared = SharedField("status", Authority.LATEST, "Alasan.", "A reason.", {"ASSIGNED": frozenset({"RETURNED"})})
    read = SharedField.from_json(shared.to_json())
    declared = read.field, read.authority, read.why_id, read.why_en
    assert declared == ("status", Authority.LATEST, "Alasan.", "A reason.")
    assert {theirs: set(ours) for theirs, ours in read.does_not_override.items()} == {"ASSIGNED": {"RETURNED"}}
