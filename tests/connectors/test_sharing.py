"""The laws of merging: one result whatever the order, the repetition and the delay of both sides' words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.sharing import Authority, Merged, Shared, Told, later, merge
from hub.store.exchange.sharing import Words

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = ("ASSIGNED", "IN_PROGRESS", "ANSWERED", "CLOSED", "RETURNED")

values = st.sampled_from(VALUES)
# Few instants, so that several words fall on one.
words = st.builds(Told, st.integers(0, 5).map(lambda minutes: NOW + timedelta(minutes=minutes)), values)
maybe = st.none() | words
authorities = st.sampled_from(list(Authority))
leaving = st.dictionaries(values, st.sets(values))
said = st.lists(st.tuples(st.booleans(), words), min_size=1, max_size=6)


@given(maybe, maybe, maybe)
def test_joining_words_is_a_semilattice(one: Told | None, other: Told | None, third: Told | None) -> None:
    assert later(one, one) == one
    assert later(one, None) == one
    assert later(one, other) == later(other, one)
    assert later(later(one, other), third) == later(one, later(other, third))


@given(authorities, maybe, maybe, leaving)
def test_what_holds_is_one_sides_word_and_only_a_person_decides_what_both_own(
    authority: Authority, ours: Told | None, theirs: Told | None, leaves: dict[str, set[str]]
) -> None:
    merged = merge(authority, ours, theirs, leaves)
    spoken = {word.value for word in (ours, theirs) if word}
    assert merged.value in spoken if spoken else merged == Merged(None)
    assert not merged.conflict or (authority is Authority.BOTH and ours and theirs and ours.value != theirs.value)
    if authority is Authority.HUB and ours:
        assert merged.value == ours.value
    if authority is Authority.SYSTEM and theirs and not leaves:
        assert merged.value == theirs.value


@given(authorities, words, words)
def test_who_speaks_last_is_heard_where_the_latest_holds_and_nowhere_else(
    authority: Authority, ours: Told, theirs: Told
) -> None:
    again = Told(max(ours.at, theirs.at) + timedelta(minutes=1), ours.value)
    before, after = merge(authority, ours, theirs), merge(authority, again, theirs)
    assert after == (before if authority is not Authority.LATEST else Merged(ours.value))


def heard(authority: Authority, leaves: dict[str, set[str]], events: list[tuple[bool, Told]]) -> tuple[object, ...]:
    """What holds in the end, and whether a person has to decide; what holds is looked at after each word."""
    field = Words("centre", 1, "status")
    merged = Merged(None)
    for is_ours, word in events:
        (field.says if is_ours else field.hears)(word)
        merged = field.settle(Shared("status", authority, "", "", leaves), NOW)
    return merged, field.ours, field.theirs, field.conflict_since


@given(authorities, leaving, said, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_of_both_sides_words_comes_to_the_same(
    authority: Authority, leaves: dict[str, set[str]], events: list[tuple[bool, Told]], dice: object
) -> None:
    shuffled = [*events, *dice.choices(events, k=4)]  # type: ignore[attr-defined]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert heard(authority, leaves, shuffled) == heard(authority, leaves, events)


@given(leaving, said, values)
def test_a_declined_word_raises_no_conflict_and_another_one_does(
    leaves: dict[str, set[str]], events: list[tuple[bool, Told]], other: str
) -> None:
    field = Words("centre", 1, "agency")
    for is_ours, word in events:
        (field.says if is_ours else field.hears)(word)
    shared = Shared("agency", Authority.BOTH, "", "", leaves)
    conflict = field.settle(shared, NOW).conflict
    field.declined = field.theirs.value if field.theirs else None
    field.settle(shared, NOW)
    assert field.conflict_since is None
    field.hears(Told(NOW + timedelta(hours=1), other))
    conflict = field.settle(shared, NOW).conflict
    assert (field.conflict_since is not None) is (conflict and other != field.declined)


def test_what_a_system_declares_comes_back_as_it_was_registered() -> None:
    shared = Shared("status", Authority.LATEST, "Alasan.", "A reason.", {"ASSIGNED": frozenset({"RETURNED"})})
    read = Shared.read(shared.declared())
    told = read.field, read.authority, read.why_id, read.why_en
    assert told == ("status", Authority.LATEST, "Alasan.", "A reason.")
    assert {theirs: set(ours) for theirs, ours in read.leaves.items()} == {"ASSIGNED": {"RETURNED"}}
