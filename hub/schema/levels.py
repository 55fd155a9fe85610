"""Functions that resolve a field for a whole level, in the field's metadata."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

LEVEL = "resolve_level"
"""The key of the metadata. The field's own resolver, for graphql-core, returns the same value for one object."""

ResolveLevel = Callable[..., Awaitable[Sequence[Any]]]
"""Takes the info, the objects of the level and the field's arguments; returns a value for each object, in order."""
