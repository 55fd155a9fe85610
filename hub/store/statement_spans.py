"""Spans of SQL statements: which tables they read or write, never their text or values."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Engine

from hub import tracing
from hub.store.tables import metadata
from hub.tracing import SpanKind

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_WRITE = re.compile(r'\b(insert) into\s+"?(\w+)|\b(delete) from\s+"?(\w+)|\b(update)\s+"?(\w+)', re.IGNORECASE)
_TABLE = re.compile(r'(?:\b(?:from|join|into|update)|,)\s+"?(\w+)', re.IGNORECASE)
_MAX_LENGTH = 255
"""Maximum number of characters of a summary, as in the semantic conventions."""


@lru_cache(maxsize=2_048)
def summary(statement: str) -> str:
    """Return what a statement does and the hub's tables that it names, such as ``INSERT records systems``.

    Nothing else of the text is in it, so it cannot contain a value.
    """
    text = _LITERAL.sub("''", statement)
    writes = [tuple(filter(None, found)) for found in _WRITE.findall(text)]
    operation = next((verb.upper() for verb, table in writes if _is_table(table)), "SELECT")
    tables = dict.fromkeys(name for name in _TABLE.findall(text) if _is_table(name))
    return " ".join((operation, *tables))[:_MAX_LENGTH]


def _is_table(name: str) -> bool:
    return name in metadata.tables


def statement_span(statement: str, url: URL) -> AbstractContextManager[object]:
    """Return a span for the execution of ``statement`` at ``url``, if something that is traced executes it."""
    if not tracing.is_recording():
        return nullcontext()
    name = summary(statement)
    attributes: dict[str, str | int] = {"db.system.name": "postgresql", "db.query.summary": name}
    attributes |= {"db.namespace": url.database} if url.database else {}
    attributes |= {"server.address": url.host} if url.host else {}
    return tracing.span(name, SpanKind.CLIENT, attributes)


def trace_statements(engine: Engine) -> None:
    """Make spans of the statements that SQLAlchemy executes by ``engine``, if this process is traced."""
    if tracing.is_enabled():
        event.listen(engine, "do_execute", _execute)
        event.listen(engine, "do_execute_no_params", _execute_without_parameters)
        event.listen(engine, "do_executemany", _execute_many)


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    with statement_span(statement, context.engine.url):
        cursor.execute(statement, parameters)
    return True


def _execute_without_parameters(cursor: Any, statement: str, context: Any) -> bool:
    with statement_span(statement, context.engine.url):
        cursor.execute(statement)
    return True


def _execute_many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    with statement_span(statement, context.engine.url):
        cursor.executemany(statement, parameters)
    return True
