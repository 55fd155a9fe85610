"""A line for each system whenever its pull has come further, for the terminal of ``hub run``."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from hub.store import systems
from hub.store.database import Database
from hub.store.systems import SystemState


class Progress:
    """Remembers what was told last, so that only news is told.

    While the first pull runs, more records are news; afterwards only a change of state is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: dict[str, tuple[str, int]] = {}

    async def lines(self) -> list[str]:
        """What is new, one line a system."""
        try:
            async with self._database.read() as connection:
                found = await systems.overview(connection)
        except SQLAlchemyError:
            # The database is busy or ending; the next look tells more.
            return []
        return [_line(system) for system in found if system.enabled and self._is_news(system)]

    def _is_news(self, system: SystemState) -> bool:
        now = (system.state, system.records if system.state == "STARTING" else 0)
        was = self._last.get(system.name)
        self._last[system.name] = now
        return now != was


def _line(system: SystemState) -> str:
    trouble = f" ({system.trouble})" if system.trouble else ""
    quarantined = f", {system.quarantined} in quarantine" if system.quarantined else ""
    return f"{system.name:<10} {system.state.lower():<8} {system.records:>7} records{quarantined}{trouble}"
