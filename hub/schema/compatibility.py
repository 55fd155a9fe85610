"""Finds changes of the schema that break clients or gateways of the last release; see ``docs/schema.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from graphql import (
    REMOVE,
    ConstDirectiveNode,
    DangerousChangeType,
    Visitor,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

from hub.schema.client_schema import client_sdl

UNTIL = re.compile(r"stays until (\d{4}-\d{2}-\d{2})")
"""The date in the reason of a deprecation until which the field stays."""

ADVICE = (
    "Clients of the last release would break: keep what they use beside the new, mark it @deprecated with the reason"
    " 'Use …. It stays until YYYY-MM-DD.', a year ahead at least, and remove it after that day; see docs/schema.md."
)

_COMPOSED = ("key", "shareable")
"""Directives that a gateway uses to compose subgraphs."""

Places = dict[str, list[ConstDirectiveNode]]
"""Maps places in the SDL, such as ``Type`` or ``Type.field``, to their directives."""


def breaking_changes(released: str, present: str, today: date) -> list[str]:
    """Return a sentence for each breaking change from the ``released`` to the ``present`` SDL.

    Deprecated fields, values and arguments may be removed once the date of their deprecation is before ``today``.
    """
    kept = print_ast(visit(parse(released, no_location=True), _WithoutExpired(today)))
    old, new = build_schema(client_sdl(kept)), build_schema(client_sdl(present))
    found = [change.description for change in find_breaking_changes(old, new)]
    found += [
        change.description
        for change in find_dangerous_changes(old, new)
        if change.type is DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE
    ]
    return [*found, *_federation(_places(kept), _places(present))]


def undated_deprecations(sdl: str) -> list[str]:
    """Return a sentence for each deprecation whose reason does not state how long the field stays."""
    return [
        f"{place} is deprecated, and its reason does not say 'It stays until YYYY-MM-DD'."
        for place, directives in _places(sdl).items()
        for directive in directives
        if directive.name.value == "deprecated" and _until(directive) is None
    ]


class _WithoutExpired(Visitor):
    """Removes deprecated fields, values and arguments whose date has passed."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def _expired(self, node: Any, *_: Any) -> Any:
        days = [_until(each) for each in node.directives or () if each.name.value == "deprecated"]
        return REMOVE if any(day is not None and day < self._today for day in days) else None

    enter_field_definition = enter_enum_value_definition = enter_input_value_definition = _expired


def _until(deprecated: ConstDirectiveNode) -> date | None:
    reason = str(_arguments(deprecated).get("reason"))
    day = UNTIL.search(reason)
    return date.fromisoformat(day[1]) if day else None


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {each.name.value: value_from_ast_untyped(each.value) for each in directive.arguments or ()}


def _places(sdl: str) -> Places:
    """Return the directives of each ``Type``, ``Type.field``, ``Type.VALUE`` and ``Type.field(argument)``."""
    found: Places = {}
    for definition in parse(sdl, no_location=True).definitions:
        node: Any = definition
        if getattr(node, "name", None) is None:
            continue
        found[node.name.value] = list(getattr(node, "directives", None) or ())
        for part in (*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())):
            place = f"{node.name.value}.{part.name.value}"
            found[place] = list(part.directives or ())
            for argument in getattr(part, "arguments", None) or ():
                found[f"{place}({argument.name.value})"] = list(argument.directives or ())
    return found


def _federation(old: Places, new: Places) -> Iterator[str]:
    """Yield a sentence for each removed directive of ``_COMPOSED``, and for each place that requires more scopes."""
    for place in old.keys() & new.keys():
        for name in _COMPOSED:
            gone = _printed(old[place], name) - _printed(new[place], name)
            yield from (f"{each} was removed from {place}." for each in sorted(gone))
        before, now = _required(old[place]), _required(new[place])
        if any(not any(each <= alternative for each in now) for alternative in before):
            yield f"{place} asks for more scopes than before."


def _printed(directives: list[ConstDirectiveNode], name: str) -> set[str]:
    return {print_ast(each) for each in directives if each.name.value == name}


def _required(directives: list[ConstDirectiveNode]) -> list[frozenset[str]]:
    """Return the alternative sets of scopes, of which the viewer needs one; an empty set requires nothing."""
    found = [frozenset[str]()]
    for each in directives:
        if each.name.value == "requiresScopes":
            found = [frozenset(alternative) for alternative in _arguments(each)["scopes"]]
        elif each.name.value == "authenticated":
            found = [frozenset({"any token"})]
    return found
