"""The routes of the console and of the account."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from hub.pages.console.account import ACCOUNT
from hub.pages.console.agreement import AGREEMENT, DISAGREEMENT
from hub.pages.console.deliveries import DELIVERIES
from hub.pages.console.frame import Console, ConsoleView
from hub.pages.console.matter import MATTER
from hub.pages.console.page import ConsolePage
from hub.pages.console.partners import PARTNERS
from hub.pages.console.quarantine import QUARANTINE
from hub.pages.console.systems import SYSTEM, SYSTEMS
from hub.pages.console.today import TODAY
from hub.pages.paths import CONSOLE_PATHS
from hub.pages.texts import LANGUAGES

CONSOLE_PAGES: tuple[ConsolePage, ...] = (
    TODAY,
    SYSTEMS,
    SYSTEM,
    AGREEMENT,
    DISAGREEMENT,
    DELIVERIES,
    QUARANTINE,
    MATTER,
    PARTNERS,
    ACCOUNT,
)


def routes(console: Console) -> list[BaseRoute]:
    """Return the routes of all pages, in both languages."""
    found: list[BaseRoute] = []
    for page in CONSOLE_PAGES:
        for index, language in enumerate(LANGUAGES):
            view, address = ConsoleView(console, page, language), CONSOLE_PATHS[page.path_name][index]
            found.append(Route(address, view.get, methods=["GET"]))
            if page.acts:
                found.append(Route(address, view.post, methods=["POST"]))
    return found
