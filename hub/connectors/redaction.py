"""Drops the declared personal fields of a raw item, before anything is stored or logged.

Case, blanks, separators, invisible characters and width of a name do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

LONGEST_NAME = 256
"""How many characters of a name are compared."""


def strip(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` without the fields at ``paths``; a path without a field changes nothing.

    A path of one name matches that field at every depth. Paths are dotted (``report.user.name``); ``[]`` steps into
    every item of a list (``followups[].user_name``), and at the end of a path empties that list. ``raw`` is not
    changed; the result shares the parts of it that no path touches.
    """
    declared = tuple(paths)
    everywhere = frozenset(plain(path) for path in declared if "." not in path and "[" not in path)
    kept: dict[str, Any] = _without_any(dict(raw), everywhere) if everywhere else dict(raw)
    for path in declared:
        kept = _without(kept, _steps(path))
    return kept


def plain(name: str) -> str:
    """Return the name of a field in the form in which names are compared.

    >>> plain("\ufeffNama_Pemesan ") == plain("namaPemesan") == "namapemesan"
    True
    """
    return _plain(name[:LONGEST_NAME])


@lru_cache(4096)
def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step if step == "[]" else plain(step) for step in path.replace("[]", ".[]").split("."))


def _without_any(node: Any, names: frozenset[str]) -> Any:
    if isinstance(node, dict):
        return {name: _without_any(each, names) for name, each in node.items() if plain(name) not in names}
    return [_without_any(each, names) for each in node] if isinstance(node, list) else node


def _without(node: Any, steps: tuple[str, ...]) -> Any:
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(node, list):
        return [_without(item, rest) for item in node] if rest else []
    if not isinstance(node, dict):
        return node
    named = [name for name in node if plain(name) == step]
    if not rest:
        return {name: value for name, value in node.items() if name not in named} if named else node
    found = {name: _without(node[name], rest) for name in named}
    return node if all(found[name] is node[name] for name in named) else {**node, **found}
