"""Prometheus loads the alert rules of ``docs/``, and their metrics, labels and states exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.complaints.forwarding import SETTLED, DeliveryState
from tests.docs import prometheus_expressions

DOCS = Path(__file__).parents[2] / "docs"
GROUPS = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]


def each_rule(test: Any) -> Any:
    return pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])(test)


@each_rule
def test_a_rule_has_the_fields_prometheus_knows(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"].keys() == {"summary", "action"}


@each_rule
def test_a_rule_uses_existing_metrics_labels_and_values(rule: dict[str, Any]) -> None:
    prometheus_expressions.check(rule["expr"], rule["annotations"]["summary"])


def test_names_are_unique() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_pending_decisions_raise_an_alert() -> None:
    (expr,) = [rule["expr"] for rule in RULES if rule["alert"] == "HubDeliveriesWait"]
    still = {DeliveryState.WAITING, DeliveryState.SENDING}
    assert set(re.findall(r"[A-Z_]{2,}", expr)) == {str(each) for each in DeliveryState if each not in SETTLED | still}


def test_operators_are_led_to_the_rules() -> None:
    assert "(alerts.yml)" in (DOCS / "operations.md").read_text()
