"""One line for each system when its first pull has ended or its state has changed, for the terminal of ``hub run``."""

from __future__ import annotations

from hub.store import systems
from hub.store.database import DATABASE_ERRORS, Database
from hub.store.systems import SystemState


class Progress:
    """Remembers the last printed state of each system; a first pull that is running prints nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._printed: dict[str, str] = {}

    async def lines(self) -> list[str]:
        """Return a line for each system whose state differs from the last printed one."""
        try:
            async with self._database.read() as db:
                found = await systems.overview(db)
        except DATABASE_ERRORS:
            # The database is busy or stopping; the next call tries again.
            return []
        return [_line(system) for system in found if system.enabled and self._changed(system)]

    def _changed(self, system: SystemState) -> bool:
        before = self._printed.get(system.name, "STARTING")
        self._printed[system.name] = system.state
        return system.state != before


def _line(system: SystemState) -> str:
    trouble = f" ({system.last_error})" if system.last_error else ""
    quarantined = f", {system.quarantined} in quarantine" if system.quarantined else ""
    return f"{system.name:<10} {system.state.lower():<8} {system.records:>7} records{quarantined}{trouble}"
