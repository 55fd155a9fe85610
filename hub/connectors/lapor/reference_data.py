"""LAPOR's masters, read once for each pull: the meaning of its ids of places, institutions and channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from hub.connectors.lapor.client import LaporClient
from hub.contract import Raw


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """Rows by id; ids are strings here, because LAPOR sends them as numbers or strings."""

    locations: Mapping[str, Raw]
    institutions: Mapping[str, Raw]
    channels: Mapping[str, Raw]

    @classmethod
    async def read(cls, client: LaporClient) -> Self:
        """Read the three masters."""
        return cls(*[_by_id(await client.master(name)) for name in ("locations", "institutions/external", "channels")])

    def item(self, report: Raw, logs: list[Raw] | None, followups: list[Raw] | None) -> Raw:
        """Return the raw item: ``report``, its history, and the rows of the masters that it refers to.

        ``logs`` and ``followups`` are ``None`` if they could not be read.
        """
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
