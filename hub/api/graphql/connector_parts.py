"""The parts of the graph that connectors add."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from hub.connectors.registry import Enabled
from hub.schema.part import Part


def connector_parts(enabled: Iterable[Enabled]) -> tuple[Part, ...]:
    """Return the parts of the graph that these connectors add for their own kinds (``types.py`` in their folders)."""
    found = []
    for system in enabled:
        name = f"hub.connectors.{system.name}.types"
        if importlib.util.find_spec(name):
            found.append(importlib.import_module(name).part)
    return tuple(found)
