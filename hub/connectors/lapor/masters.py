"""LAPOR's masters, read once a pull: what its own ids of places, institutions and channels stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from hub.connectors.base import Raw
from hub.connectors.lapor.calls import Calls


@dataclass(frozen=True, slots=True)
class Masters:
    """Rows by id; ids are strings here because LAPOR tells them as numbers or strings."""

    locations: Mapping[str, Raw]
    institutions: Mapping[str, Raw]
    channels: Mapping[str, Raw]

    @classmethod
    async def read(cls, calls: Calls) -> Self:
        """All three."""
        return cls(*[_by_id(await calls.master(name)) for name in ("locations", "institutions/external", "channels")])

    def item(self, report: Raw, logs: list[Raw], followups: list[Raw]) -> Raw:
        """The raw item: ``report`` and its history, with the rows its ids point to beside it."""
        sides = {str(report.get(name)) for name in ("institution_id", "disposition_id")}
        return {
            "report": report,
            "logs": logs,
            "followups": followups,
            "location": self.locations.get(str(report.get("location_id"))),
            "channel": self.channels.get(str(report.get("channel"))),
            "institutions": {side: self.institutions[side].get("name") for side in sides & self.institutions.keys()},
        }


def _by_id(rows: list[dict[str, Any]]) -> dict[str, Raw]:
    return {str(row.get("id")): row for row in rows}
