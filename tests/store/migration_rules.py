"""What the SQL of a migration must not do while processes work with the tables.

A statement that locks a table against reads may take a moment only: it must not rewrite the table, read all its rows,
or be followed by one that does while the lock is held. Rules find words and do not parse SQL: they refuse too much
rather than too little.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_PARTS = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<text>'(?:[^']|'')*')|(?P<end>;)|.",
    re.DOTALL,
)
_ALTERED = re.compile(r"alter table (?:if exists |only )*(\w+)")
_CREATED = re.compile(r"create (?:unlogged )?table (?:if not exists )?(\w+)")
_INDEXED = re.compile(r"create (?:unique )?index (?:if not exists )?\w+ on (?:only )?(\w+)")
_WRITES = re.compile(
    r"^(?:with .*)?\b(?:update|delete from|merge into|insert into \w+ (?:\([^)]*\) )?(?:select|with))\b"
)

LONG = {
    "rewrites the table": re.compile(
        r"alter (?:column )?\w+ (?:set data )?type|set (?:un)?logged|set (?:tablespace|access method)|serial\b"
        r"|generated .*(?:stored|as identity)|default [^,]*(?:random|gen_random|uuid|nextval|clock_timestamp|timeofday)"
    ),
    "reads every row under the lock: add it `not valid`, and validate it in a later version": re.compile(
        r"(?:add|,) (?:constraint \w+ )?(?:check|foreign key)(?!.*not valid)"
        r"|add (?:column )?(?!constraint|check|foreign|column)\w+ .*\b(?:check \(|references )"
        r"|set not null"
    ),
    "builds an index under the lock: build it by script.build_indexes, and add it `using index`": re.compile(
        r"(?:primary key|unique|exclude)(?! using index)(?! nulls not distinct using index)\b"
    ),
    "reads every row under the lock: attach it with a validated constraint, in code that is tried": re.compile(
        r"attach partition"
    ),
}
"""Changes of an existing table that take as long as the table is large, under a lock that stops reads."""

ALWAYS_LONG = re.compile(
    r"^(?:cluster|vacuum full|reindex (?!.*concurrently)|lock table|truncate|refresh materialized)"
)

BREAKING = re.compile(
    r"^drop (?!index|trigger)|\b(?:drop (?:column|constraint|default|not null|expression)|rename|set not null)\b"
    r"|alter (?:column )?\w+ (?:set data )?type|^create unique index"
    r"|add (?:constraint \w+ )?(?:check|unique|foreign|exclude)"
    r"|^(?:update|delete|truncate)\b"
)
"""What processes of the previous version may stumble over: what they name, write or read is not as they know it."""

_UNKNOWN_VALUE = re.compile(r"add (?:column )?(?:if not exists )?\w+ [^,]*\bnot null\b(?![^,]*\bdefault\b)")
"""A new column that the previous version leaves out when it inserts a row."""


def statements_of(version: Path) -> list[str]:
    """Return the statements of a version's module: those of the script beside it, and of the texts it executes."""
    script = version.with_name(version.stem.removeprefix("v") + ".sql")
    tree = ast.parse(version.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    texts = [script.read_text(encoding="utf-8")] if script.exists() else []
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"execute", "exec_driver_sql"}:
            argument = call.args[0]
            assert isinstance(argument, ast.Constant), f"{version.name} executes what is not written in it"
            texts.append(str(argument.value))
    return [statement for text in texts for statement in split(text)]


def split(text: str) -> list[str]:
    """Return the statements of a script in lower case, without comments, texts and bodies of functions."""
    statements = [""]
    for part in _PARTS.finditer(text):
        if part["end"]:
            statements.append("")
        elif part["body"] or part["text"]:
            statements[-1] += "''"
        else:
            statements[-1] += " " if part["comment"] else part[0]
    return [" ".join(each.lower().split()) for each in statements if each.strip()]


def long_locks(statements: list[str]) -> Iterator[str]:
    """Yield what would stop the reads of a table for longer than a moment; tables that the version makes are empty."""
    new = {name for each in statements for name in _CREATED.findall(each)}
    locked = ""
    for each in statements:
        if ALWAYS_LONG.search(each):
            yield f"locks all its work: {each}"
        if (indexed := _INDEXED.search(each)) and indexed[1] not in new:
            yield f"builds an index while writes wait; use script.build_indexes: {each}"
        altered = _ALTERED.search(each)
        if altered and altered[1] not in new:
            yield from (f"{why}: {each}" for why, found in LONG.items() if found.search(each))
            if locked and "validate constraint" in each:
                yield f"validates while a table is locked; do so in a later version: {each}"
            locked = each
        elif locked and _WRITES.search(each):
            yield f"writes rows while a table is locked ({locked}): {each}"


def breaks(statements: list[str]) -> Iterator[str]:
    """Yield what the previous version may not work beside; tables that this version makes are unknown to that one."""
    new = {name for each in statements for name in _CREATED.findall(each)}
    for each in statements:
        altered = _ALTERED.search(each) or _INDEXED.search(each)
        if not (altered and altered[1] in new) and (BREAKING.search(each) or _UNKNOWN_VALUE.search(each)):
            yield each
