"""The subgraphs that the hub prints, and the results of composers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.schema.graph import PARTS
from tests.clients import install, run
from tests.clients.hub_server import Hub

NAMES = tuple(part.name for part in PARTS)


@dataclass(frozen=True, slots=True)
class Composed:
    """The result of one composer; ``api`` is the schema for clients, sorted."""

    errors: list[str]
    hints: list[str]
    supergraph: str | None = None
    api: str | None = None


async def composed(
    hub: Hub, names: tuple[str | None, ...], at: Mapping[str, str], folder: Path, *, plain: bool = False
) -> dict[str, Composed]:
    """Compose the subgraphs ``names`` (None: the merged graph), served at the URLs ``at``, with each composer.

    ``plain``: Apollo's composes without the directives that Apollo Gateway refuses.
    """
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
    results = json.loads(await run("node", "compose.mjs", str(folder / "services.json"), *(["plain"] if plain else [])))
    return {composer: Composed(**result) for composer, result in results.items()}
