"""Further values of the access log entry of a request: client, operation, cost, statements."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.types import Scope

SCOPE_KEY = "hub.noted"
MAX_NAME_LENGTH = 64
"""Maximum number of characters of a name in the log."""
_NUMBER = re.compile(r"\d{5,}")


def bind(scope: Scope, **values: object) -> None:
    """Add values to the access log entry; None is ignored. The values must not identify a person."""
    known: MutableMapping[str, Any] = scope.setdefault(SCOPE_KEY, {})
    known.update({name: value for name, value in values.items() if value is not None})


def bound_values(scope: Scope) -> Mapping[str, Any]:
    """Return the values that were added."""
    found: Mapping[str, Any] = scope.get(SCOPE_KEY, {})
    return found


def loggable_name(name: str | None) -> str | None:
    """Return a client's name for the log: truncated, without long numbers, which may identify a person."""
    return None if name is None else _NUMBER.sub("#", name)[:MAX_NAME_LENGTH]
