"""Compares Prometheus expressions with the series of ``/metrics``."""

from __future__ import annotations

import re

from hub.api.metrics import Metrics
from hub.complaints.forwarding import DeliveryState

WORDS = {"absent", "sum", "rate", "max", "by", "delta", "increase", "histogram_quantile"}
VALUES = {
    "outcome": {"ok", "errors", "refused", "limited", "timeout", "failed", "taken", "unavailable"},
    "direction": {"in", "out"},
    "state": {"UP", "DOWN", "STOPPED", "STARTING", "DISABLED", "GIVEN_UP"} | {str(each) for each in DeliveryState},
}


def figures() -> dict[str, set[str]]:
    """Return the labels of each series of ``/metrics``."""
    known: dict[str, set[str]] = {}
    for family in Metrics().registry._collector_to_names:
        labels = {*vars(family)["_labelnames"]}
        for metric in family.collect():
            known |= {f"{metric.name}_total" if metric.type == "counter" else metric.name: labels}
            known |= {f"{metric.name}_bucket": labels | {"le"}} if metric.type == "histogram" else {}
    return known


def check(expr: str, source: str) -> str:
    """Return the only series of ``expr``; its series, labels (also those in ``source``) and values must exist."""
    known = figures()
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\[[$\w]+\]", "", expr))
    names = set(re.findall(r"[a-z_]\w*", re.sub(r"\{[^}]*\}|by \([^)]*\)", "", bare))) - WORDS
    assert len(names) == 1, expr
    figure = str(*names)
    assert figure in known
    grouped = re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", bare)))
    filled = re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", source)
    assert {*re.findall(r"(\w+)=~?", bare), *grouped, *filled} <= known[figure], expr
    assert set(filled) <= set(grouped) or not grouped, f"{source} fills in a label that {expr} sums away"
    for label, values in re.findall(r'(\w+)=~?"([^"]*)"', expr):
        assert set(values.split("|")) <= VALUES[label], expr
    _check_parentheses(expr)
    return figure


def _check_parentheses(expr: str) -> None:
    depth = 0
    for sign in re.sub(r'"[^"]*"', "", expr):
        depth += (sign in "({[") - (sign in ")}]")
        assert depth >= 0, expr
    assert depth == 0, expr
