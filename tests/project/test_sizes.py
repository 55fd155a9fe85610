"""Functions of the hub have at most 45 lines, docstring included; names of tests have fewer than 60 characters."""

from __future__ import annotations

import ast
from pathlib import Path

import hub

LONGEST = 45
NAME = 60
KNOWN = {
    "cli/client_changes.py: set_": 49,
    "cli/client_registration.py: create": 49,
}
"""Longer ones with their lines, which may only get fewer: shorten the entry with the function."""


def test_functions_are_no_longer_than_allowed() -> None:
    found = long_functions()
    assert {name: lines for name, lines in found.items() if lines > KNOWN.get(name, LONGEST)} == {}
    assert set(KNOWN) <= set(found), "a known exception is none any more: take it out"


def test_names_of_tests_are_short() -> None:
    files = [*Path(__file__).parents[1].rglob("test_*.py"), *(Path(hub.__file__).parent / "testing").rglob("*.py")]
    names = {
        node.name
        for path in files
        if "node_modules" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
    assert [name for name in sorted(names) if len(name) >= NAME] == []


def long_functions() -> dict[str, int]:
    """Return the functions over the limit, with their lines."""
    root = Path(hub.__file__).parent
    lengths = [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(root).as_posix()}: {node.name}")
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    # Of namesakes in one file, the longest counts.
    return {name: lines for lines, name in sorted(lengths) if lines > LONGEST}
