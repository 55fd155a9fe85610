"""Takes declared personal fields out of a raw item, before anything is stored or logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any


def strip(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """``raw`` without what ``paths`` lead to; a path that leads nowhere changes nothing.

    Paths are dotted (``report.user.name``); ``[]`` steps into every item of a list
    (``followups[].user_name``), and at the end of a path empties that list. ``raw`` itself stays as
    it is; what no path leads through is shared with it, not copied.
    """
    kept = dict(raw)
    for path in paths:
        kept = _without(kept, _steps(path))
    return kept


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _without(node: Any, steps: tuple[str, ...]) -> Any:
    step, rest = steps[0], steps[1:]
    if step == "[]" and isinstance(node, list):
        return [_without(item, rest) for item in node] if rest else []
    if not isinstance(node, dict) or step not in node:
        return node
    if not rest:
        return {name: value for name, value in node.items() if name != step}
    found = node[step]
    kept = _without(found, rest)
    return node if kept is found else {**node, step: kept}
