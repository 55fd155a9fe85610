"""What a demonstration needs besides the hub: the officer's token, the day its world ends, the sandboxes' variables."""

from __future__ import annotations

import json
import os
import socket
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hub.connectors.registry import Enabled
from hub.errors import BadSetting
from hub.process.keys import kept, write_private
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


def remember(settings: Settings, spoken: dict[str, str]) -> Path:
    """Keep the sandboxes' variables for commands beside a running hub; where they are kept, with mode 0600."""
    return write_private(_spoken(settings), json.dumps(spoken))


def recall(settings: Settings) -> None:
    """Let this process speak to the sandboxes of the hub that runs in the data folder, where nothing else is set."""
    path = _spoken(settings)
    if not settings.production and path.exists():
        for name, value in json.loads(path.read_text()).items():
            os.environ.setdefault(name, value)


def _spoken(settings: Settings) -> Path:
    return settings.data_dir / "sandboxes" / "variables.json"


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
