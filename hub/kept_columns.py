"""The columns of a raw item that the hub stores: those that a connector declares; of any other its name and type. Pure.

Systems put names and numbers of people into columns that no contract mentions. So the data that is stored for
inspection, and that a mapping reads, is defined by an allow list and never by a deny list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from hub.name_cache import NameCache

NUMBERED = "#"
"""In a path: any field of an object whose name is a number."""
SEALED = "(sealed)"
"""Replaces free text, which is stored encrypted only."""

_LEAF, _ITEMS = "", "[]"
_NESTED = (dict, list, tuple)
_TYPES = {str: "(text)", bool: "(true or false)", int: "(number)", float: "(number)", list: "(list)", dict: "(object)"}
_MARKS = frozenset({SEALED, *_TYPES.values()})
_NAME = re.compile(r"[A-Za-z_][\w .:-]{0,63}", re.ASCII)
_NAME_MAX = 64
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)
_DIGITS = re.compile(r"\d{6}")
_PERSONAL = re.compile(r"@|(\d\W?){6}")
_MAX_QUOTED = 40


class Tree(dict[str, "Tree"]):
    """The possible continuations of a path, by name; "" means that it may end here."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        super().__init__()
        self.steps = NameCache(self._step, _NAME_MAX)

    @property
    def is_column(self) -> bool:
        """Whether a path ends here."""
        return _LEAF in self

    def _step(self, name: str) -> Tree | None:
        """Return the continuation at a name of an item: ``TYPE_ONLY`` if it is not kept, None if its name is not."""
        below = self.get(NUMBERED if NUMBERED in self and _NUMBER.fullmatch(name) else name)
        return below if below is not None else TYPE_ONLY if _is_name(name) else None


TYPE_ONLY = Tree()
"""The continuation at a name that is in no path: its value is not kept."""


def keep_columns(raw: Any, paths: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` with only the columns at ``paths``; the names of others stay, with the type of their value.

    Paths are dotted (``report.title``); ``[]`` descends into each item of a list, ``#`` into each field whose name is a
    number. A value of another shape than its path keeps the shape and loses the content. Idempotent.
    """
    found: dict[str, Any] = keep_value(raw if isinstance(raw, dict) else {}, column_tree(tuple(paths)))
    return found


def mask_columns(raw: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` with ``SEALED`` for each value at ``paths`` that is not empty; ``raw`` itself if there is none."""
    found: dict[str, Any] = _mask(raw, column_tree(tuple(paths)))
    return found


@cache
def column_tree(paths: tuple[str, ...]) -> Tree:
    """Return the columns at ``paths`` as one tree."""
    root = Tree()
    for path in paths:
        node = root
        for step in path.replace("[]", ".[]").split("."):
            node = node.setdefault(step, Tree())
        node[_LEAF] = TYPE_ONLY
    return root


def keep_value(value: Any, tree: Tree) -> Any:
    """Return a value with only the columns of ``tree``."""
    if isinstance(value, dict):
        steps, kept = tree.steps, {}
        for name, each in value.items():
            below = steps[name]
            if below is TYPE_ONLY:
                kept[name] = type_of(each)
            elif below is not None:
                kept[name] = keep_value(each, below) if isinstance(each, _NESTED) or _LEAF not in below else each
        return kept
    if isinstance(value, list | tuple):
        return [keep_value(each, tree[_ITEMS]) for each in value] if _ITEMS in tree else []
    return value if _LEAF in tree else type_of(value)


def _is_name(name: str) -> bool:
    """Return whether it is a column's name; a name that is itself data, such as a person's number, is not."""
    return bool(_NAME.fullmatch(name)) and not _DIGITS.search(name)


def type_of(value: Any) -> str | None:
    """Return what stands for a value that is not kept: its type."""
    if value is None or (isinstance(value, str) and value in _MARKS):
        return value
    return _TYPES.get(type(value), "(list)")


def _mask(value: Any, tree: Tree) -> Any:
    if isinstance(value, dict):
        changed = {name: _mask(each, below) for name, each in value.items() if (below := tree.get(name))}
        return value if all(changed[name] is value[name] for name in changed) else {**value, **changed}
    if isinstance(value, list) and _ITEMS in tree:
        items = [_mask(each, tree[_ITEMS]) for each in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return SEALED if _LEAF in tree and value not in (None, "", [], {}) else value


def quote_code(value: Any) -> str:
    """Return a code as a message may repeat it: in quotes if it looks like one, else only its type.

    Systems put values into wrong columns, so a value that could be personal is not repeated.
    """
    if isinstance(value, str) and not (
        len(value) <= _MAX_QUOTED and value.isprintable() and not _PERSONAL.search(value)
    ):
        return f"a text of {len(value)} characters"
    return repr(value) if isinstance(value, str | bool) or value is None else _TYPES.get(type(value), "(list)")
