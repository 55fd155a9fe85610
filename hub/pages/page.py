"""What a page is: one address, one registered document, one template, and a pure function between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.pages.figures import Figure
from hub.pages.reader import Reader

Data = Mapping[str, Any]
Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """What a page shows: ``values`` for its template, and its figures, which are also data of their own."""

    title: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)
    figures: Sequence[Figure] = ()

    def figure(self, name: str) -> Figure | None:
        """Return the figure with this name."""
        return next((each for each in self.figures if each.name == name), None)


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page that is the same for everybody.

    ``name`` is that of its addresses, its document, its template and its texts. ``build`` makes the content from the
    data; it returns None if there is no such page. ``params`` are those of its address, and variables of its document.
    ``section`` is the page of the navigation that it belongs to, by default itself.
    """

    name: str
    build: Callable[[Data, Params, Reader], Content | None]
    params: tuple[str, ...] = ()
    section: str = ""
