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

Tree = Mapping[str | None, Any]
"""The possible continuations of a path, by name in the form in which names are compared; ``_END`` where it ends."""

_END, _ITEMS = None, "[]"
_NOTHING: Tree = {}
_NESTED = (dict, list)


def strip(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` without the fields at ``paths``; a path without a field changes nothing.

    A path of one name matches that field at every depth. Paths are dotted (``report.user.name``); ``[]`` steps into
    every item of a list (``followups[].user_name``), and at the end of a path empties that list. ``raw`` is not
    changed; the result shares the parts of it that no path touches.
    """
    tree, everywhere = _plan(tuple(paths))
    kept: dict[str, Any] = _strip(dict(raw), tree, everywhere)
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
def _plan(paths: tuple[str, ...]) -> tuple[Tree, frozenset[str]]:
    """Return the steps of all paths as one tree, so that an item is walked once, and the names without a path."""
    root: dict[str | None, Any] = {}
    for path in paths:
        node = root
        for step in path.replace("[]", ".[]").split("."):
            node = node.setdefault(step if step == _ITEMS else plain(step), {})
        node[_END] = {}
    return root, frozenset(plain(path) for path in paths if "." not in path and "[" not in path)


def _strip(node: Any, tree: Tree, everywhere: frozenset[str]) -> Any:
    """Return an object or list without what a path in ``tree`` ends at, and without the names ``everywhere``."""
    if isinstance(node, list):
        items = tree.get(_ITEMS, _NOTHING)
        if _END in items:
            return []
        deeper = bool(items or everywhere)
        return [_strip(each, items, everywhere) if deeper and isinstance(each, _NESTED) else each for each in node]
    kept = {}
    for name, each in node.items():
        step = _plain(name) if len(name) <= LONGEST_NAME else plain(name)
        below = tree.get(step, _NOTHING)
        if step not in everywhere and _END not in below:
            touched = isinstance(each, _NESTED) and (below or everywhere)
            kept[name] = _strip(each, below, everywhere) if touched else each
    return kept
