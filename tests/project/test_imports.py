"""Rules that import contracts cannot express: no connector imports another, and SQL is in hub/store only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp

import hub
from hub.connectors import registry

FOLDER = Path(hub.__file__).parent
SERVER = {"runtime/dumps.py", "runtime/embedded_postgres.py"}
"""Modules that create and drop whole databases of a server."""
NO_SQL = {"AsyncConnection", "RowMapping", "await_"}
"""Names of SQLAlchemy for annotations and greenlets; its exceptions may be imported too."""


def test_no_connector_knows_another() -> None:
    graph = grimp.build_graph("hub")
    names = list(registry.discover())
    assert len(names) > 1
    chains = [
        graph.find_shortest_chain(f"hub.connectors.{one}", f"hub.connectors.{other}", as_packages=True)
        for one in names
        for other in names
        if one != other
    ]
    assert [chain for chain in chains if chain] == []


def imported_from_sqlalchemy(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (each.name for each in node.names if node.module != "sqlalchemy.exc")
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("sqlalchemy"))


def executed(path: Path) -> Iterator[str]:
    """Yield the literal arguments of ``.execute(...)`` and similar calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr in {"execute", "executemany", "copy"} and isinstance(first, ast.Constant | ast.JoinedStr):
                yield ast.unparse(first)


def test_sql_is_in_the_store_only() -> None:
    outside = [path for path in FOLDER.rglob("*.py") if path.relative_to(FOLDER).parts[0] not in {"store", "testing"}]
    assert len(outside) > 200
    found = {
        str(path.relative_to(FOLDER)): sorted({*imported_from_sqlalchemy(path), *executed(path)} - NO_SQL)
        for path in outside
    }
    assert {name for name, names in found.items() if names} - SERVER == set()
