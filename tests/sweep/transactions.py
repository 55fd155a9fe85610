"""Every function of the hub that opens a transaction in its work, so that none is missing from the sweep."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import hub

ROOT = Path(hub.__file__).parent
PARTS = ("sync", "schema", "web", "api")
"""The folders with such work; commands of operators and the OAuth pages are not swept."""
OPENS = {"write", "transaction"}

SPARED = {
    "sync/jobs.py _stop": "records one fact, which the next check records again",
    "sync/jobs.py expire_access": "deletes what has expired, and does so again ten minutes later",
    "sync/jobs.py delete_expired": "deletes what is old, and does so again every night",
    "sync/retention.py delete_finished_jobs": "deletes what is old, and does so again every night",
    "sync/retention.py delete_webhook_messages": "deletes what is old, and does so again every night",
    "sync/pull.py Pull._record_failure": "records one fact, which the next pull records again",
    "sync/inquiries.py InquiryRun._record_failure": "records one fact, which the next question records again",
    "sync/delivery_attempt.py DeliveryAttempts._release": "ends a lease; without it the delivery is looked up",
    "sync/call_failures.py CallFailures._pause": "records one fact, which the next attempt records again",
    "sync/compare_again.py _compare_side": "compares again what the next start compares again",
    "sync/jobs.py sample_systems": "stores a sample for charts; the next one comes five minutes later",
    "api/event_counter.py EventCounter.write": "adds counts for operators, of which a kill loses some seconds",
    "schema/agreement/disagreements.py _run": "acts in one transaction; a repeat with its key does nothing again",
    "schema/audit.py Query.audit_events": "writes down that somebody reads, in the transaction that reads",
}
"""Transactions that are not swept, each with the reason."""


def functions_with_transactions() -> set[str]:
    """Return the functions as crash points name them, such as ``sync/pull.py Pull._begin``, without the spared ones."""
    found = {
        f"{file.relative_to(ROOT)} {name}"
        for part in PARTS
        for file in (ROOT / part).rglob("*.py")
        for name in _names(ast.parse(file.read_text()), "")
    }
    assert SPARED.keys() <= found, "what is spared is there no more"
    return found - SPARED.keys()


def _names(node: ast.AST, prefix: str) -> Iterator[str]:
    """Return the functions below ``node`` that open a transaction, directly or in a nested function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _names(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_opens, ast.walk(child))):
            yield f"{prefix}{child.name}"


def _opens(node: ast.AST) -> bool:
    """Return whether ``node`` is ``async with <database>.write(…)`` or ``transaction(…)``."""
    if not isinstance(node, ast.AsyncWith):
        return False
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    names = [call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "") for call in calls]
    return not OPENS.isdisjoint(names)
