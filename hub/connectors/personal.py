"""Takes declared personal fields out of a raw item, before anything is stored or logged."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any


def strip(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy of ``raw`` without what ``paths`` lead to; a path that leads nowhere changes nothing.

    Paths are dotted (``report.user.name``); ``[]`` steps into every item of a list
    (``followups[].user_name``), and at the end of a path empties that list.
    """
    kept = copy.deepcopy(dict(raw))
    for path in paths:
        _drop(kept, path.replace("[]", ".[]").split("."))
    return kept


def _drop(node: Any, steps: list[str]) -> None:
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(node, list):
        if not rest:
            node.clear()
        for item in node:
            _drop(item, rest)
    elif isinstance(node, dict) and step in node:
        if rest:
            _drop(node[step], rest)
        else:
            del node[step]
