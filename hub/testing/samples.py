"""A connector's samples, their records, and the personal values in them."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from hub.connectors.base import Connector
from hub.contract import Page, Raw, Record
from hub.errors import BadRecord


def folder(connector: type[Connector]) -> Path:
    """Return the folder of a connector."""
    return Path(str(importlib.import_module(connector.__module__).__file__)).parent


def samples(connector: type[Connector]) -> dict[str, dict[str, Any]]:
    """Return the samples by file name: ``about``, ``raw``, and ``record`` or ``bad``."""
    return {path.name: json.loads(path.read_text()) for path in sorted((folder(connector) / "samples").glob("*.json"))}


def mapped(connector: type[Connector], raw: Raw) -> Record:
    """Return the record of an item; the mapping is pure, so it needs neither settings nor HTTP."""
    return connector.map(object.__new__(connector), raw)


def personal_values(connector: type[Connector], raw: Raw) -> set[str]:
    """Return the personal texts of an item; those of three characters or less may occur by chance, and are left out."""
    found = [value for path in connector.personal for value in values_at(raw, path)]
    return {text for value in found for text in texts(value) if len(text) > 3}


def values_at(node: Any, path: str) -> Iterator[Any]:
    """Yield the values at a path, if there are any."""
    yield from _walk(node, path.replace("[]", ".[]").split("."))


def _walk(node: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield node
    elif steps[0] == "[]" and isinstance(node, list):
        for item in node:
            yield from _walk(item, steps[1:])
    elif isinstance(node, dict) and steps[0] in node:
        yield from _walk(node[steps[0]], steps[1:])


def texts(node: Any) -> Iterator[str]:
    """Yield every text below ``node``."""
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)


class Suite:
    """The base of checks of one connector; inherit with ``connector`` set."""

    connector: ClassVar[type[Connector]]

    def _package(self) -> str:
        return self.connector.__module__.rpartition(".")[0]

    def _folder(self) -> Path:
        return folder(self.connector)

    def _samples(self) -> dict[str, dict[str, Any]]:
        return samples(self.connector)

    def _map(self, raw: Raw) -> Record:
        return mapped(self.connector, raw)

    def _is_read(self, item: Raw) -> bool:
        with contextlib.suppress(BadRecord):
            return bool(self._map(item).external_id)
        return False

    def _ids(self, pages: list[Page]) -> set[str]:
        return {self._map(item).external_id for page in pages for item in page.items}

    def _personal(self, raw: Raw) -> set[str]:
        return personal_values(self.connector, raw)
