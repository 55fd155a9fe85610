"""Finds connectors by their folders: who adds a folder adds a system, with no edit elsewhere."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import hub.connectors
from hub.complaints.forwarding import DeliveryAction, Rule
from hub.connectors.base import Connector, ConnectorSettings
from hub.connectors.http import Http
from hub.connectors.sandbox import Sandbox
from hub.connectors.sharing import Shared
from hub.errors import BadSetting
from hub.settings import Settings, read, variable


class Enabled(NamedTuple):
    """A connector and its settings."""

    connector: type[Connector]
    settings: ConnectorSettings

    @property
    def name(self) -> str:
        """The system's name."""
        return self.connector.name


class _BuildsSandbox(Protocol):
    def build(self, settings: ConnectorSettings, today: date) -> Sandbox: ...


def folders(paths: Iterable[str | Path]) -> dict[str, Path]:
    """Connector folders by name, nothing imported; of two with one name the first holds."""
    at = [folder for path in paths for folder in sorted(Path(path).iterdir()) if (folder / "connector.py").is_file()]
    return {folder.name: folder for folder in reversed(at)}


def found(extra: Path | None = None) -> dict[str, Path]:
    """The hub's connector folders, and those below ``extra``, which become importable like the hub's own."""
    if extra is not None:
        if not extra.is_dir():
            raise BadSetting(f"HUB_CONNECTORS_PATH is wrong ({extra} is not a folder): set it to one, or unset it.")
        if str(extra) not in hub.connectors.__path__:
            hub.connectors.__path__.append(str(extra))
            importlib.invalidate_caches()
    return dict(sorted(folders(hub.connectors.__path__).items()))


def enabled(settings: Settings) -> list[Enabled]:
    """The enabled connectors in order of their names, with their settings read; ``BadSetting`` when one is wrong."""
    known = found(settings.connectors_path)
    names = known if settings.connectors is None else settings.connectors
    for name in names:
        if name not in known:
            raise BadSetting(f"HUB_CONNECTORS is wrong (there is no {name}): the connectors are {', '.join(known)}.")
    return [Enabled(kind, read(kind.Settings)) for kind in map(load, sorted(names))]


def rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules of ``HUB_FORWARD``; ``BadSetting`` for one that names a system to which no complaint can go."""
    if not settings.forward:
        return ()
    taking = [each.name for each in enabled(settings) if DeliveryAction.CREATE in each.connector.sends]
    for rule in settings.forward:
        if rule.system not in taking:
            known = ", ".join(taking) or "none of those enabled"
            raise BadSetting(
                f"HUB_FORWARD is wrong ({rule.system} takes no complaints or is not enabled): "
                f"name a system that takes them ({known})."
            )
    return settings.forward


def shared(settings: Settings) -> tuple[tuple[str, Shared], ...]:
    """What complaints share with the enabled systems: the system's name, and who has the say in a field."""
    return tuple((system.name, each) for system in enabled(settings) for each in system.connector.shared)


def load(name: str) -> type[Connector]:
    """The connector class of the folder ``name``; ``BadSetting`` when the folder is broken."""
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
async def opened(system: Enabled) -> AsyncIterator[Connector]:
    """The connector ready to speak to its system; ``BadSetting`` when nobody said where that is."""
    if not system.settings.url:
        url = variable(system.connector.Settings, "url")
        raise BadSetting(f"{url} is missing: set it to the system's address, or leave {system.name} out.")
    async with Http(system.settings.url) as http:
        yield system.connector(system.settings, http)


def reader(system: Enabled) -> Connector:
    """The connector for who only reads what the system tells by itself: it speaks to nobody, and need not be closed."""
    return system.connector(system.settings, _nowhere())


@cache
def _nowhere() -> Http:
    return Http("http://127.0.0.1")


def sandbox(system: Enabled, today: date) -> Sandbox:
    """The stand-in for ``system``, in the world that ends ``today``."""
    module: _BuildsSandbox = importlib.import_module(f"hub.connectors.{system.name}.sandbox")
    return module.build(system.settings, today)
