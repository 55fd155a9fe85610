"""Every function of the hub that opens a transaction while it works, so that none is missing from the sweep."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import hub

ROOT = Path(hub.__file__).parent
PARTS = ("sync", "schema", "web")
"""Where work is done; the commands of operators and the pages of the authorization server are no lives."""
OPENS = {"write", "transaction"}

SPARED = {
    "sync/jobs.py _stop": "notes one fact that the next look would note again",
    "sync/jobs.py keep_house": "drops what is old, and does so again every night",
    "sync/pull.py Pull._note_down": "notes one fact, which the next pull finds out again",
    "sync/pull.py Pull._note_stop": "notes one fact, which the next pull finds out again",
    "sync/attempt.py Attempts._put": "puts back what nobody has taken; who dies before leaves it to be looked at",
    "sync/attempt.py Attempts._stop": "notes one fact, which the next attempt finds out again",
    "schema/complaints/reporter.py _reporters": "writes down that somebody reads, before it is read",
}
"""Transactions that have no other effect than what is said of them."""


def opening() -> set[str]:
    """Functions as the edges name them, such as ``sync/pull.py Pull._begin``, but for those that are spared."""
    found = {
        f"{file.relative_to(ROOT)} {name}"
        for part in PARTS
        for file in (ROOT / part).rglob("*.py")
        for name in _names(ast.parse(file.read_text()), "")
    }
    assert SPARED.keys() <= found, "what is spared is there no more"
    return found - SPARED.keys()


def _names(node: ast.AST, prefix: str) -> Iterator[str]:
    """The functions below ``node`` that open one themselves, or in a function of theirs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _names(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_opens, ast.walk(child))):
            yield f"{prefix}{child.name}"


def _opens(node: ast.AST) -> bool:
    """Whether ``node`` is ``async with <database>.write(…)`` or ``transaction(…)``."""
    if not isinstance(node, ast.AsyncWith):
        return False
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    names = [call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "") for call in calls]
    return not OPENS.isdisjoint(names)
