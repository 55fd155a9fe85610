"""Drops the declared personal fields of a raw item, before anything is stored or logged.

Case, blanks, separators, invisible characters and width of a name do not matter. ``reduce_item`` also keeps only the
declared columns, as `hub.kept_columns` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hub.kept_columns import TYPE_ONLY, Tree, column_tree, keep_value, type_of
from hub.name_cache import NameCache

LONGEST_NAME = 256
"""How many characters of a name are compared."""

_ITEMS = "[]"
_NESTED = (dict, list)


class Node:
    """What is dropped below a place of an item: fields by their names in the form in which names are compared.

    ``ends``: the value itself is dropped. ``everywhere`` has the names that are dropped at every depth, and ``other``
    is the node of any field without one.
    """

    __slots__ = ("below", "ends", "everywhere", "other", "steps")

    def __init__(self, everywhere: frozenset[str], other: Node | None = None) -> None:
        self.everywhere, self.other = everywhere, other or self
        self.below: dict[str, Node] = {}
        self.ends = False
        self.steps = NameCache(self._step, LONGEST_NAME)

    def _step(self, name: str) -> Node | None:
        """Return the node of a field; None if the field is dropped."""
        compared = plain(name)
        node = self.below.get(compared, self.other)
        return None if node.ends or compared in self.everywhere else node

    @property
    def touched(self) -> bool:
        """Whether anything below may be dropped."""
        return bool(self.below or self.everywhere)


def strip(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return ``raw`` without the fields at ``paths``; a path without a field changes nothing.

    A path of one name matches that field at every depth. Paths are dotted (``report.user.name``); ``[]`` steps into
    every item of a list (``followups[].user_name``), and at the end of a path empties that list. ``raw`` is not
    changed; the result shares the parts of it that no path touches.
    """
    kept: dict[str, Any] = _strip(dict(raw), _plan(tuple(paths)))
    return kept


def reduce_item(raw: Mapping[str, Any], columns: tuple[str, ...], personal: tuple[str, ...]) -> dict[str, Any]:
    """Return ``strip(keep_columns(raw, columns), personal)``, for which the item is walked only once."""
    return _reduce(raw, _place(columns, personal))


def plain(name: str) -> str:
    """Return the name of a field in the form in which names are compared.

    >>> plain("\ufeffNama_Pemesan ") == plain("namaPemesan") == "namapemesan"
    True
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name[:LONGEST_NAME]).casefold())


@cache
def _plan(paths: tuple[str, ...]) -> Node:
    """Return the steps of all paths as one tree, so that an item is walked once."""
    everywhere = frozenset(plain(path) for path in paths if "." not in path and "[" not in path)
    other = Node(everywhere)
    root = Node(everywhere, other)
    for path in paths:
        node = root
        for step in path.replace("[]", ".[]").split("."):
            node = node.below.setdefault(step if step == _ITEMS else plain(step), Node(everywhere, other))
        node.ends = True
    return root


class _Place:
    """A place of an item: the columns that are kept below it, and the fields that are dropped there.

    ``places`` has the other places of the plan. Fields with any number of names, such as numbers, share one: the names
    of an item must not add to them.
    """

    __slots__ = ("_places", "is_column", "node", "steps", "tree")

    def __init__(self, tree: Tree, node: Node, places: dict[tuple[int, int], _Place]) -> None:
        self.tree, self.node, self._places, self.is_column = tree, node, places, tree.is_column
        self.steps = NameCache(self._step, LONGEST_NAME)

    def _step(self, name: str) -> _Place | None:
        """Return the place of a field; None if it is neither kept nor named."""
        tree, node = self.tree.steps[name], self.node.steps[name]
        if tree is None or node is None:
            return None
        key = id(tree), id(node)
        if key not in self._places:
            self._places[key] = _Place(tree, node, self._places)
        return self._places[key]


@cache
def _place(columns: tuple[str, ...], personal: tuple[str, ...]) -> _Place:
    return _Place(column_tree(columns), _plan(personal), {})


def _reduce(value: Mapping[str, Any], place: _Place) -> dict[str, Any]:
    steps, kept = place.steps, {}
    for name, each in value.items():
        below = steps[name]
        if below is None:
            continue
        if not isinstance(each, (dict, list, tuple)):
            kept[name] = each if below.is_column else type_of(each)
        elif below.tree is TYPE_ONLY:
            kept[name] = type_of(each)
        elif isinstance(each, dict):
            kept[name] = _reduce(each, below)
        else:
            kept[name] = _strip(keep_value(each, below.tree), below.node)
    return kept


def _strip(value: Any, node: Node) -> Any:
    """Return an object or list without what is dropped."""
    if isinstance(value, list):
        items = node.below.get(_ITEMS, node.other)
        if items.ends:
            return []
        return [_strip(each, items) if items.touched and isinstance(each, _NESTED) else each for each in value]
    steps, kept = node.steps, {}
    for name, each in value.items():
        below = steps[name]
        if below is not None:
            kept[name] = _strip(each, below) if isinstance(each, _NESTED) and below.touched else each
    return kept
