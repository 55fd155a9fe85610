"""What is measured: a query, read by a viewer, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.viewers import Viewer
from hub.api import pages

_FILES = {
    "desk": Path(pages.__file__).parent / "static" / "examples" / "desk.graphql",
    "lean": Path(__file__).parent / "queries" / "lean.graphql",
    "citizen": Path(__file__).parent / "queries" / "citizen.graphql",
}
QUERIES = {name: path.read_text() for name, path in _FILES.items()}
MOST_PAGES = 20
READ_BY = {"officer": ("desk", "lean"), "agency": ("desk", "lean"), "partner": ("lean",), "holder": ("citizen",)}


@dataclass(frozen=True)
class Case:
    """A query and its viewer; ``name`` is such as ``desk officer``."""

    query: str
    viewer: Viewer

    @property
    def name(self) -> str:
        """Return the name in the results."""
        return f"{self.query} {self.viewer.kind}"


def cases(viewers: dict[str, Viewer], kinds: tuple[str, ...] = tuple(READ_BY)) -> list[Case]:
    """Return the cases of the viewers of some kinds."""
    return [Case(query, viewers[kind]) for kind in kinds for query in READ_BY[kind]]
