"""Forwarding: the rules, which actions are sent, and to which system."""

from __future__ import annotations

import pytest

from hub.complaints.forwarding import (
    SETTLED,
    DeliveryAction,
    DeliveryState,
    ForwardingRule,
    check_confirmation,
    choose_destination,
    delivery_action,
    forwarding_targets,
    wrong_state,
)
from hub.complaints.problems import ProblemCode
from hub.complaints.workflow import Action, Refusal, RefusalCode, RejectionReason


def test_a_rule_names_a_system_and_a_category_or_an_agency() -> None:
    assert ForwardingRule.parse("west:category:ROADS") == ForwardingRule("west", "category", "ROADS")
    assert ForwardingRule.parse("west:agency:DISHUB") == ForwardingRule("west", "agency", "DISHUB")


@pytest.mark.parametrize(
    "rule",
    ["", "west", "west:category", ":category:ROADS", "west:area:33.74", "west:category:RODES", "west:agency:ROADS"],
)
def test_a_wrong_rule_is_explained(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        ForwardingRule.parse(rule)


def test_each_system_is_named_once_in_the_order_of_the_rules() -> None:
    rules = [
        ForwardingRule.parse(rule) for rule in ("north:agency:DISHUB", "west:category:ROADS", "north:category:ROADS")
    ]
    assert forwarding_targets(rules, "ROADS", "DISHUB") == ("north", "west")
    assert forwarding_targets(rules, "HEALTH", "DISHUB") == ("north",)
    assert forwarding_targets(rules, "ROADS", None) == ("west", "north")
    assert forwarding_targets(rules, "HEALTH", None) == ()


def test_a_rejection_is_sent_only_for_lack_of_authority() -> None:
    actions = {reason: delivery_action(Action.REJECT, reason) for reason in (*RejectionReason, None)}
    assert {reason for reason, action in actions.items() if action} == {RejectionReason.NOT_OUR_AUTHORITY}


def test_internal_transitions_are_not_sent() -> None:
    silent = {action for action in Action if delivery_action(action, None) is None}
    assert {Action.SUBMIT, Action.VERIFY, Action.ASSIGN, Action.FORWARD, Action.CLOSE} <= silent
    assert {Action.START, Action.ANSWER, Action.REPLY, Action.RATE}.isdisjoint(silent)


@pytest.mark.parametrize(
    ("requested", "taking", "there", "to"),
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
def test_the_destination(requested: str | None, taking: list[str], there: list[str], to: str) -> None:
    found = choose_destination(requested, taking, there)
    assert (found.code if isinstance(found, Refusal) else found) == to


def test_a_confirmation_names_the_record_of_the_complaint() -> None:
    for action in DeliveryAction:
        missing = [problem.code for problem in check_confirmation(action, None)]
        assert missing == ([ProblemCode.REQUIRED] if action is DeliveryAction.CREATE else [])
        assert check_confirmation(action, "4410023") == []
        assert [problem.code for problem in check_confirmation(action, "\0")] == [ProblemCode.MALFORMED]


def test_a_refusal_names_the_state_and_the_allowed_decisions() -> None:
    for state in (*SETTLED, DeliveryState.SENDING):
        message = wrong_state(state).message
        assert state.label_id in message.indonesian
        assert message == (
            f"This delivery is {state.label_en.lower()}. Only one that is waiting, blocked, outcome unknown"
            " can be decided on."
        )
