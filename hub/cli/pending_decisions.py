"""Describes what waits for a decision, with the command or mutation that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.contract import SystemDeclaration
from hub.store.use_cases.pending_decisions import pending

_SENTENCES = {
    "quarantine": ("items that could not be read", "`hub quarantine list`"),
    "doubts": ("records whose system contradicts itself", "`hub doubts list`"),
    "conflicts": ("fields that differ from the other system's", "`resolveConflict`"),
    "claims": ("reports that may be the same matter as a complaint", "`resolveClaim`"),
    "deliveries": ("deliveries that are BLOCKED or OUTCOME_UNKNOWN", "`hub deliveries list`"),
    "files": ("files whose download was given up", "`hub sync NAME --full`"),
}


async def describe_pending(db: AsyncConnection, enabled: Iterable[SystemDeclaration]) -> dict[str, str]:
    """Return a sentence for each sort of pending decision, by its name."""
    found = await pending(db, enabled)
    return {name: _sentence(counts, *_SENTENCES[name]) for name, counts in found.items() if any(counts.values())}


def _sentence(counts: Mapping[str, int], what: str, by: str) -> str:
    by_system = ", ".join(f"{count} of {name}" for name, count in counts.items() if count)
    return f"{what}: {by_system}; see {by}"
