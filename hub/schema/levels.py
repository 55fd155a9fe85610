"""What the executor knows of a field, in the field's metadata: how to resolve a whole level, and what it reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

LEVEL = "resolve_level"
"""The key of the metadata. The field's own resolver, for graphql-core, returns the same value for one object."""

TARGET = "target"
"""The key of the metadata for the type of node that the field returns. The function of the level then takes, as
``without``, the columns of the node that no selected field reads."""

READS = "reads"
"""The key of the metadata of a field with a resolver: the other fields of its node that the resolver reads, by their
Python names. A resolver without it may read everything."""

ResolveLevel = Callable[..., Awaitable[Sequence[Any]]]
"""Takes the info, the objects of the level and the field's arguments; returns a value for each object, in order."""
