"""What a demonstration needs besides the hub: the day its world ends, the sandboxes' variables."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from hub.complaints.calendar import JAKARTA
from hub.connectors import registry
from hub.connectors.registry import Enabled
from hub.connectors.sandbox import Sandbox
from hub.errors import BadSetting
from hub.process.keys import write_private
from hub.process.serve import address, bound
from hub.settings import Settings


def today(settings: Settings) -> date:
    """The day the demo world ends: as set, as kept with the data, or the day it is in Central Java."""
    path = settings.data_dir / "demo_day"
    if settings.demo_day is None and path.exists():
        return date.fromisoformat(path.read_text())
    return settings.demo_day or datetime.now(JAKARTA).date()


def keep_day(settings: Settings) -> date:
    """``today``, kept in the data folder: a world that moved on would not fit the data any more."""
    day = today(settings)
    write_private(settings.data_dir / "demo_day", day.isoformat())
    return day


def refuse_in_production(settings: Settings) -> None:
    """Raise ``BadSetting`` where invented data must not be."""
    if settings.production:
        raise BadSetting("Demo data and sandboxes are refused in production: set HUB_ENV to development.")


def variables(settings: Settings) -> dict[str, str]:
    """The demo settings, the same at every start in one data folder, so that its data goes on fitting."""
    refuse_in_production(settings)
    return {"HUB_DEMO_DAY": keep_day(settings).isoformat()}


def sandbox(settings: Settings, system: Enabled, day: date) -> Sandbox:
    """The stand-in for ``system``; it goes on where it ended last in this data folder, in the world of the same day."""
    built = registry.sandbox(system, day)
    built.keep(settings.data_dir / "sandboxes" / f"{system.name}-{day}.jsonl")
    return built


def spoken(settings: Settings, system: str) -> Path:
    """Where the variables of a running sandbox are kept, with mode 0600."""
    return settings.data_dir / "sandboxes" / f"{system}.json"


@contextmanager
def remembered(settings: Settings, system: str, given: dict[str, str]) -> Iterator[None]:
    """Keep a sandbox's variables while the block runs, so that other commands in the data folder find it.

    Another one's that were there come back then, unless a third has taken the place since.
    """
    path, told = spoken(settings, system), json.dumps(given)
    before = path.read_text() if path.exists() else None
    write_private(path, told)
    try:
        yield
    finally:
        if path.exists() and path.read_text() == told:
            path.unlink() if before is None else write_private(path, before)


def forget(settings: Settings) -> None:
    """Drop what the sandboxes of a run that was killed had left; for who has the data folder to itself."""
    for path in _kept(settings):
        path.unlink()


def recall(settings: Settings) -> None:
    """Let this process speak to the sandboxes that run in the data folder, where nothing else is set."""
    if settings.production:
        return
    for path in _kept(settings):
        for name, value in json.loads(path.read_text()).items():
            os.environ.setdefault(name, value)


def _kept(settings: Settings) -> list[Path]:
    return sorted(spoken(settings, "any").parent.glob("*.json"))


class Stage:
    """Sockets and variables for the sandboxes of the systems that have no URL yet."""

    def __init__(self, systems: list[Enabled], folder: Path) -> None:
        self.sockets: dict[str, socket.socket] = {}
        self.urls: dict[str, str] = {}
        self.variables: dict[str, dict[str, str]] = {}
        for system in systems:
            if not system.settings.url:
                of = bound("127.0.0.1", 0)
                # Calls wait while the sandbox makes up its world, instead of being refused.
                of.listen()
                self.sockets[system.name], self.urls[system.name] = of, address(of)
                self.variables[system.name] = system.connector.sandbox_settings(address(of), folder)
