"""Finds connectors by their folders: a new folder adds a system, without an edit elsewhere."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import hub.connectors
from hub.complaints.field_authority import SharedField
from hub.complaints.forwarding import DeliveryAction, ForwardingRule
from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.sandbox_base import Sandbox
from hub.contract import SystemDeclaration
from hub.demo.world import DemoWorld
from hub.errors import BadSetting
from hub.http_client import Http
from hub.settings import Settings, read_settings, variable_name


class Enabled(NamedTuple):
    """A connector and its settings."""

    connector: type[Connector]
    settings: ConnectorSettings

    @property
    def name(self) -> str:
        """The system's name."""
        return self.connector.name

    @property
    def declaration(self) -> SystemDeclaration:
        """What the core stores about the system."""
        return self.connector.declaration(self.settings)


class _SandboxModule(Protocol):
    def build(self, settings: ConnectorSettings, world: DemoWorld) -> Sandbox: ...

    def variables(self, url: str, folder: Path) -> dict[str, str]: ...


def folders_in(paths: Iterable[str | Path]) -> dict[str, Path]:
    """Return the connector folders below ``paths`` by name, without imports; the first of two equal names wins."""
    at = [folder for path in paths for folder in sorted(Path(path).iterdir()) if (folder / "connector.py").is_file()]
    return {folder.name: folder for folder in reversed(at)}


def discover(extra: Path | None = None) -> dict[str, Path]:
    """Return the hub's connector folders and those below ``extra``, and make the latter importable."""
    if extra is not None:
        if not extra.is_dir():
            raise BadSetting(f"HUB_CONNECTORS_PATH is wrong ({extra} is not a folder): set it to one, or unset it.")
        if str(extra) not in hub.connectors.__path__:
            hub.connectors.__path__.append(str(extra))
            importlib.invalidate_caches()
    return dict(sorted(folders_in(hub.connectors.__path__).items()))


def enabled(settings: Settings) -> list[Enabled]:
    """Return the enabled connectors by name, with their settings; raise ``BadSetting`` if a setting is wrong."""
    known = discover(settings.connectors_path)
    names = known if settings.connectors is None else settings.connectors
    for name in names:
        if name not in known:
            raise BadSetting(f"HUB_CONNECTORS is wrong (there is no {name}): the connectors are {', '.join(known)}.")
    return [Enabled(kind, read_settings(kind.Settings)) for kind in map(load, sorted(names))]


def forwarding_rules(rules: tuple[ForwardingRule, ...], enabled: Iterable[Enabled]) -> tuple[ForwardingRule, ...]:
    """Return the ``rules``; raise ``BadSetting`` if one names a system that accepts no complaints."""
    accepting = [each.name for each in enabled if DeliveryAction.CREATE in each.connector.sends]
    for rule in rules:
        if rule.system not in accepting:
            known = ", ".join(accepting) or "none of those enabled"
            raise BadSetting(
                f"HUB_FORWARD is wrong ({rule.system} accepts no complaints or is not enabled): "
                f"name a system that accepts them ({known})."
            )
    return rules


def shared_fields(enabled: Iterable[Enabled]) -> tuple[tuple[str, SharedField], ...]:
    """Return the fields that complaints share with these systems, each with the system's name."""
    return tuple((system.name, each) for system in enabled for each in system.connector.shared)


def load(name: str) -> type[Connector]:
    """Return the connector class of the folder ``name``; raise ``BadSetting`` if it cannot be loaded."""
    where = f"hub.connectors.{name}.connector"
    try:
        module = importlib.import_module(where)
    except (ImportError, SyntaxError, AttributeError, NameError, TypeError, ValueError) as error:
        raise BadSetting(f"The connector {name} cannot be loaded ({type(error).__name__}: {error}).") from error
    own = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Connector) and kind.__module__ == where and not inspect.isabstract(kind)
    ]
    if len(own) != 1 or getattr(own[0], "name", None) != name:
        raise BadSetting(f"The connector {name} cannot be loaded (its connector.py needs one Connector named {name}).")
    return own[0]


@asynccontextmanager
async def connect(system: Enabled) -> AsyncIterator[Connector]:
    """Open the connector with an HTTP client; raise ``BadSetting`` if its URL is not set."""
    if not system.settings.url:
        url = variable_name(system.connector.Settings, "url")
        raise BadSetting(
            f"{url} is missing: set it to the system's address, or leave {system.name} out of HUB_CONNECTORS."
        )
    async with Http(system.settings.url, system=system.name) as http:
        yield system.connector(system.settings, http)


def offline_connector(system: Enabled) -> Connector:
    """Return the connector for uploads and webhooks: it makes no requests, and need not be closed."""
    return system.connector(system.settings, _nowhere())


@cache
def _nowhere() -> Http:
    return Http("http://127.0.0.1")


def sandbox(system: Enabled, world: DemoWorld) -> Sandbox:
    """Return the sandbox of ``system`` in the demo world ``world``."""
    return _sandbox_module(system.name).build(system.settings, world)


def sandbox_variables(name: str, url: str, folder: Path) -> dict[str, str]:
    """Return the environment variables that the connector ``name`` and its sandbox at ``url`` share.

    Credentials are made up. Key files are created below ``folder`` with mode 0600, and reused if they exist.
    """
    return _sandbox_module(name).variables(url, folder)


def _sandbox_module(name: str) -> _SandboxModule:
    module: _SandboxModule = importlib.import_module(f"hub.connectors.{name}.sandbox")
    return module
