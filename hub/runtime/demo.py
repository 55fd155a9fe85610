"""The demo mode: the last day of its data, and the sandboxes' variables."""

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
from hub.connectors.sandbox_base import Sandbox
from hub.demo.world import DemoWorld
from hub.errors import BadSetting
from hub.runtime.local_keys import write_private
from hub.runtime.server import bind_socket, url_of
from hub.settings import Settings


def today(settings: Settings) -> date:
    """Return the last day of the demo data: as set, as stored with the data, or the current day in Central Java."""
    path = settings.data_dir / "demo_day"
    if settings.demo_day is None and path.exists():
        return date.fromisoformat(path.read_text())
    return settings.demo_day or datetime.now(JAKARTA).date()


def save_day(settings: Settings) -> date:
    """Return ``today``, stored in the data folder: later data would not match the existing data."""
    day = today(settings)
    write_private(settings.data_dir / "demo_day", day.isoformat())
    return day


def refuse_in_production(settings: Settings) -> None:
    """Raise ``BadSetting`` in production, where demo data is not allowed."""
    if settings.production:
        raise BadSetting("Demo data and sandboxes are refused in production: set HUB_ENV to development.")


def demo_settings(settings: Settings) -> dict[str, str]:
    """Return the variables of the demo mode, the same at every start in one data folder."""
    refuse_in_production(settings)
    return {"HUB_DEMO_DAY": save_day(settings).isoformat()}


def build_sandbox(settings: Settings, system: Enabled, world: DemoWorld) -> Sandbox:
    """Return the sandbox of ``system``; it continues with the state of the last one of this day in this data folder."""
    built = registry.sandbox(system, world)
    built.use_journal(settings.data_dir / "sandboxes" / f"{system.name}-{world.today}.jsonl")
    return built


def variables_path(settings: Settings, system: str) -> Path:
    """Return the file with the variables of a running sandbox, which has mode 0600."""
    return settings.data_dir / "sandboxes" / f"{system}.json"


@contextmanager
def variables_file(settings: Settings, system: str, variables: dict[str, str]) -> Iterator[None]:
    """Keep a sandbox's variables in a file while the block runs, so that other commands find the sandbox.

    The file of another sandbox that existed before is restored afterwards, unless it was replaced again meanwhile.
    """
    path, content = variables_path(settings, system), json.dumps(variables)
    before = path.read_text() if path.exists() else None
    write_private(path, content)
    try:
        yield
    finally:
        if path.exists() and path.read_text() == content:
            path.unlink() if before is None else write_private(path, before)


def delete_leftover_variables(settings: Settings) -> None:
    """Delete the files of sandboxes of a killed run; requires the lock of the data folder."""
    for path in _variables_files(settings):
        path.unlink()


def load_variables(settings: Settings) -> None:
    """Set the variables of the sandboxes that run in the data folder, except for variables that are set."""
    if settings.production:
        return
    for path in _variables_files(settings):
        for name, value in json.loads(path.read_text()).items():
            os.environ.setdefault(name, value)


def _variables_files(settings: Settings) -> list[Path]:
    return sorted(variables_path(settings, "any").parent.glob("*.json"))


class SandboxSockets:
    """Sockets and variables for the sandboxes of the systems without a URL."""

    def __init__(self, systems: list[Enabled], folder: Path) -> None:
        self.sockets: dict[str, socket.socket] = {}
        self.urls: dict[str, str] = {}
        self.variables: dict[str, dict[str, str]] = {}
        for system in systems:
            if not system.settings.url:
                sock = bind_socket("127.0.0.1", 0)
                # Connections wait while the sandbox invents its data, instead of being refused.
                sock.listen()
                self.sockets[system.name], self.urls[system.name] = sock, url_of(sock)
                self.variables[system.name] = registry.sandbox_variables(system.name, url_of(sock), folder)
