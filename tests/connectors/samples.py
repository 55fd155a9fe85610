"""A connector's samples, what its mapping makes of them, and the personal values in them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.connectors.base import Connector, Raw, Record


def folder(connector: type[Connector]) -> Path:
    """The folder the connector lies in."""
    return Path(str(importlib.import_module(connector.__module__).__file__)).parent


def samples(connector: type[Connector]) -> dict[str, dict[str, Any]]:
    """Its samples by file name: ``about``, ``raw``, and ``record`` or ``bad``."""
    return {path.name: json.loads(path.read_text()) for path in sorted((folder(connector) / "samples").glob("*.json"))}


def mapped(connector: type[Connector], raw: Raw) -> Record:
    """What the connector makes of an item; mapping is pure, so it needs neither settings nor HTTP."""
    return connector.map(object.__new__(connector), raw)


def personal_values(connector: type[Connector], raw: Raw) -> set[str]:
    """The texts of an item that must be nowhere afterwards; those of three characters or less may be met by chance."""
    found = [value for path in connector.personal for value in values_at(raw, path)]
    return {text for value in found for text in texts(value) if len(text) > 3}


def values_at(node: Any, path: str) -> Iterator[Any]:
    """What a personal path leads to, where it leads anywhere."""
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
    """Every text below ``node``."""
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(child)
