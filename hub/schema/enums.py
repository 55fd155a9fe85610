"""Makes enums of the store enums of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry


def describe_enum(enum: type[Any], description: str, values: Mapping[Any, str], name: str | None = None) -> None:
    """Declare an enum of the store in the graph, with a description of each value."""
    made: Any = enum
    declared = strawberry.enum(made, name=name, description=description).__strawberry_definition__
    for value in declared.values:
        value.description = values[enum(value.value)]
