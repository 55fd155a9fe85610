"""What a demonstration needs besides the hub: the officer's token, the day its world ends, the sandboxes' variables."""

from __future__ import annotations

import socket
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.connectors.registry import Enabled
from hub.errors import BadSetting
from hub.process.keys import kept
from hub.process.serve import address, bound
from hub.settings import Settings

JAKARTA = ZoneInfo("Asia/Jakarta")


def today(settings: Settings) -> date:
    """The day the demo world ends."""
    return settings.demo_day or datetime.now(JAKARTA).date()


def refuse_in_production(settings: Settings) -> None:
    """Raise ``BadSetting`` where invented data must not be."""
    if settings.production:
        raise BadSetting("Demo data and sandboxes are refused in production: set HUB_ENV to development.")


def variables(settings: Settings) -> dict[str, str]:
    """The demo settings, the same at every start in one data folder, so that its data goes on fitting."""
    refuse_in_production(settings)
    token = settings.demo_officer_token
    return {
        "HUB_DEMO_OFFICER_TOKEN": token.get_secret_value() if token else kept(settings.data_dir / "demo_officer_token"),
        "HUB_DEMO_DAY": _day(settings).isoformat(),
    }


def _day(settings: Settings) -> date:
    path = settings.data_dir / "demo_day"
    if settings.demo_day is None and path.exists():
        return date.fromisoformat(path.read_text())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(today(settings).isoformat())
    return today(settings)


class Stage:
    """Sockets and variables for the sandboxes of the systems that have no URL yet."""

    def __init__(self, systems: list[Enabled], folder: Path) -> None:
        self.sockets: dict[str, socket.socket] = {}
        self.urls: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        for system in systems:
            if not system.settings.url:
                of = bound("127.0.0.1", 0)
                # Calls wait while the sandbox makes up its world, instead of being refused.
                of.listen()
                self.sockets[system.name], self.urls[system.name] = of, address(of)
                self.variables |= system.connector.sandbox_settings(address(of), folder)
