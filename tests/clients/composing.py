"""The subgraphs as the hub prints them, and what composers make of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.schema.graph import PARTS
from tests.clients import install, run
from tests.clients.running import Hub

NAMES = tuple(part.name for part in PARTS)


@dataclass(frozen=True, slots=True)
class Composed:
    """What one composer says; ``api`` is the schema clients see, sorted."""

    errors: list[str]
    hints: list[str]
    supergraph: str | None = None
    api: str | None = None


async def composed(hub: Hub, names: tuple[str | None, ...], at: Mapping[str, str], folder: Path) -> dict[str, Composed]:
    """The subgraphs ``names`` (None: the merged graph) as each composer sees them, served at the URLs ``at``."""
    await install()
    services = [
        {
            "name": name or "graph",
            "url": f"{at.get(name or 'graph', 'http://127.0.0.1')}/graphql",
            "sdl": await hub.command("schema", *(["--subgraph", name] if name else [])),
        }
        for name in names
    ]
    (folder / "services.json").write_text(json.dumps(services))
    told = json.loads(await run("node", "compose.mjs", str(folder / "services.json")))
    return {composer: Composed(**said) for composer, said in told.items()}
