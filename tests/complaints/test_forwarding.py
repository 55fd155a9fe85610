"""What of a complaint's life goes to another system: the rules, what follows, and where to."""

from __future__ import annotations

import pytest

from hub.complaints.forwarding import (
    SETTLED,
    DeliveryAction,
    DeliveryState,
    Rule,
    check_confirmation,
    destination,
    follows,
    forwards_to,
    wrong_state,
)
from hub.complaints.problems import ProblemCode
from hub.complaints.workflow import Action, Refusal, RefusalCode, RejectReason


def test_a_rule_names_a_system_and_a_category_or_an_agency() -> None:
    assert Rule.read("west:category:ROADS") == Rule("west", "category", "ROADS")
    assert Rule.read("west:agency:DISHUB") == Rule("west", "agency", "DISHUB")


@pytest.mark.parametrize(
    "told",
    ["", "west", "west:category", ":category:ROADS", "west:area:33.74", "west:category:RODES", "west:agency:ROADS"],
)
def test_a_wrong_rule_is_told(told: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        Rule.read(told)


def test_each_system_is_named_once_in_the_order_of_the_rules() -> None:
    rules = [Rule.read(told) for told in ("north:agency:DISHUB", "west:category:ROADS", "north:category:ROADS")]
    assert forwards_to(rules, "ROADS", "DISHUB") == ("north", "west")
    assert forwards_to(rules, "HEALTH", "DISHUB") == ("north",)
    assert forwards_to(rules, "ROADS", None) == ("west", "north")
    assert forwards_to(rules, "HEALTH", None) == ()


def test_of_a_rejection_only_the_want_of_authority_is_told() -> None:
    told = {reason: follows(Action.REJECT, reason) for reason in (*RejectReason, None)}
    assert {reason for reason, action in told.items() if action} == {RejectReason.NOT_OUR_AUTHORITY}


def test_what_only_the_hub_is_concerned_with_is_not_told() -> None:
    silent = {action for action in Action if follows(action, None) is None}
    assert {Action.SUBMIT, Action.VERIFY, Action.ASSIGN, Action.FORWARD, Action.CLOSE} <= silent
    assert {Action.START, Action.ANSWER, Action.REPLY, Action.RATE}.isdisjoint(silent)


@pytest.mark.parametrize(
    ("wanted", "taking", "there", "to"),
    [
        (None, ["west"], [], "west"),
        ("west", ["north", "west"], ["north"], "west"),
        (None, ["north", "west"], [], RefusalCode.NOT_TAKEN),
        (None, [], [], RefusalCode.NOT_TAKEN),
        ("", ["west"], [], RefusalCode.NOT_TAKEN),
        ("south", ["west"], [], RefusalCode.NOT_TAKEN),
        (None, ["west"], ["west"], RefusalCode.ALREADY_THERE),
    ],
)
def test_the_destination(wanted: str | None, taking: list[str], there: list[str], to: str) -> None:
    found = destination(wanted, taking, there)
    assert (found.code if isinstance(found, Refusal) else found) == to


def test_a_confirmation_names_the_record_that_a_complaint_became() -> None:
    for action in DeliveryAction:
        missing = [problem.code for problem in check_confirmation(action, None)]
        assert missing == ([ProblemCode.REQUIRED] if action is DeliveryAction.CREATE else [])
        assert check_confirmation(action, "4410023") == []
        assert [problem.code for problem in check_confirmation(action, "\0")] == [ProblemCode.MALFORMED]


def test_a_refusal_says_how_far_the_delivery_is_and_what_can_be_decided_on() -> None:
    for state in (*SETTLED, DeliveryState.SENDING):
        message = wrong_state(state).message
        assert state.label_id in message.indonesian
        assert message.english == (
            f"This delivery is {state.label_en.lower()}. Only one that is waiting, held, unknown can be decided on."
        )
