"""The alert rules of ``docs/`` are ones that Prometheus loads, over figures, labels and states that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.complaints.forwarding import SETTLED, DeliveryState
from hub.web.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs"
GROUPS = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
WORDS = {"absent", "sum", "rate", "max", "by", "delta", "increase"}
VALUES = {
    "outcome": {"ok", "errors", "refused", "limited", "timeout", "failed", "taken", "unavailable"},
    "direction": {"in", "out"},
    "state": {"UP", "DOWN", "STOPPED", "STARTING", "DISABLED"} | {str(each) for each in DeliveryState},
}


def figures() -> dict[str, set[str]]:
    """The labels of each series of ``/metrics``."""
    return {
        f"{metric.name}_total" if metric.type == "counter" else metric.name: {*family._labelnames}
        for family in Metrics().registry._collector_to_names
        for metric in family.collect()
    }


def each_rule(test: Any) -> Any:
    return pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])(test)


@each_rule
def test_a_rule_has_the_fields_prometheus_knows(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "action"}


@each_rule
def test_a_rule_asks_for_figures_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    known = figures()
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\[\w+\]", "", rule["expr"]))
    asked = set(re.findall(r"[a-z_]\w*", re.sub(r"\{[^}]*\}|by \([^)]*\)", "", bare))) - WORDS
    assert len(asked) == 1
    (figure,) = asked
    assert figure in known
    named = re.findall(r"(\w+)=~?", bare) + re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", bare)))
    told = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    assert {*named, *told} <= known[figure]


@each_rule
def test_a_rule_asks_for_values_that_there_are(rule: dict[str, Any]) -> None:
    for label, told in re.findall(r'(\w+)=~?"([^"]*)"', rule["expr"]):
        assert set(told.split("|")) <= VALUES[label]


@each_rule
def test_parentheses_close(rule: dict[str, Any]) -> None:
    depth = 0
    for sign in re.sub(r'"[^"]*"', "", rule["expr"]):
        depth += (sign in "({[") - (sign in ")}]")
        assert depth >= 0
    assert depth == 0


def test_names_are_given_once() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_whoever_waits_for_a_person_is_reported() -> None:
    (expr,) = [rule["expr"] for rule in RULES if rule["alert"] == "HubDeliveriesWait"]
    still = {DeliveryState.WAITING, DeliveryState.SENDING}
    assert set(re.findall(r"[A-Z]{2,}", expr)) == {str(each) for each in DeliveryState if each not in SETTLED | still}


def test_operators_are_led_to_the_rules() -> None:
    assert "(alerts.yml)" in (DOCS / "operations.md").read_text()
