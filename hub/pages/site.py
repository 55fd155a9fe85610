"""What all pages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from hub.errors import HubError, RateLimited
from hub.pages import rendering
from hub.pages.cache import PublicCache
from hub.pages.graph import GraphClient, PageFailed
from hub.pages.page import Content
from hub.pages.paths import path
from hub.pages.reader import Reader
from hub.pages.rendering import Packed
from hub.pages.texts import LANGUAGES
from hub.web.headers import header
from hub.web.throttling import retry_after_header


@dataclass(frozen=True, slots=True)
class Built:
    """A public page that was made: its content, and its HTML as it is sent."""

    content: Content
    html: Packed


@dataclass(frozen=True, slots=True)
class Site:
    """The graph, the origin of the hub, the clocks, and what was made in the last minute.

    ``seconds`` is the clock of the cache, ``now`` that of the pages.
    """

    graph: GraphClient
    origin: str
    seconds: Callable[[], float]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    development: bool = False
    cache: PublicCache[Built] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cache", PublicCache(self.seconds))

    def reader(self, language: str) -> Reader:
        """Return the reader of a page that is made now."""
        return Reader(language, self.now())

    def failure(self, request: Request, error: HubError | PageFailed, page: str, language: str) -> Response:
        """Return the page for a reader whose page cannot be made now; programs get the error of the hub."""
        if "text/html" not in header(request, "accept") or not isinstance(error, HubError):
            raise error
        status = 429 if isinstance(error, RateLimited) else 503
        params = {name: str(value) for name, value in request.path_params.items()}
        values = {"status": status, "addresses": addresses(page, params), "section": page}
        html = rendering.render("failure", self.reader(language), **values)
        return rendering.private(html, status, retry_after_header(error))


def addresses(page: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a page by language."""
    return {language: path(page, language, **params) for language in LANGUAGES}
