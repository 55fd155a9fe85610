"""What the graph needs of the settings and the connectors for operators; the app provides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.store.ingest.contradictions import ContradictableKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTools:
    """What is fixed while a process runs.

    ``migration`` is the migration that the code needs, None if it is not known. Records of ``contradictable`` kinds may
    contradict each other.
    """

    migration: str | None = None
    contradictable: Sequence[ContradictableKind] = ()
