"""The routes of the console and of the account."""

from __future__ import annotations

from starlette.routing import BaseRoute

from hub.pages.console.account import ACCOUNT
from hub.pages.console.agreement import AGREEMENT, DISAGREEMENT
from hub.pages.console.decisions import DECISIONS
from hub.pages.console.deliveries import DELIVERIES
from hub.pages.console.feed import FEED
from hub.pages.console.frame import Console, ConsoleView
from hub.pages.console.matter import MATTER
from hub.pages.console.page import ConsolePage
from hub.pages.console.partner import PARTNER
from hub.pages.console.partners import PARTNERS
from hub.pages.console.quarantine import QUARANTINE
from hub.pages.console.systems import SYSTEM, SYSTEMS
from hub.pages.console.today import TODAY
from hub.pages.paths import CONSOLE_PATHS
from hub.pages.texts import LANGUAGES
from hub.web.operations import FORM, HTML, PAGE_ERRORS, TEXT, ByMethod, DocumentedRoute, Operation, Reply, Schema

CONSOLE_PAGES: tuple[ConsolePage, ...] = (
    TODAY,
    SYSTEMS,
    SYSTEM,
    AGREEMENT,
    DISAGREEMENT,
    DECISIONS,
    DELIVERIES,
    QUARANTINE,
    MATTER,
    PARTNERS,
    PARTNER,
    FEED,
    ACCOUNT,
)


def routes(console: Console) -> list[BaseRoute]:
    """Return the routes of all pages and their figures, in both languages."""
    pages = [(page, language) for page in CONSOLE_PAGES for language in LANGUAGES]
    # The address of a figure is also one of a matter, whose id never ends like that.
    figures = [_figures(console, page, language) for page, language in pages if page.figures]
    return [*figures, *(_route(console, page, language) for page, language in pages)]


def _figures(console: Console, page: ConsolePage, language: str) -> BaseRoute:
    address = f"{CONSOLE_PATHS[page.path_name][language == 'en']}/{{figure}}.csv"
    summary = f"A figure of the page {page.path_name} ({language}) as CSV, for persons who signed in"
    return DocumentedRoute(address, ConsoleView(console, page, language).csv, get=_operation(summary, {}, "text/csv"))


def _route(console: Console, page: ConsolePage, language: str) -> BaseRoute:
    view, address = ConsoleView(console, page, language), CONSOLE_PATHS[page.path_name][language == "en"]
    what = f"of the page {page.path_name} ({language}), for persons who signed in"
    get, post = (_operation(f"{act} {what}", body) for act, body in _METHODS)
    if not page.acts:
        return DocumentedRoute(address, view.get, get=get)
    return DocumentedRoute(address, ByMethod(get=view.get, post=view.post), get=get, post=post, strict=True)


_METHODS: tuple[tuple[str, dict[str, Schema]], ...] = (("Show", {}), ("Send a form", {FORM: {"type": "object"}}))


def _operation(summary: str, body: dict[str, Schema], media: str = HTML) -> Operation:
    return Operation(
        summary=summary,
        body=body,
        replies={
            200: Reply("The page", {media: TEXT}),
            303: Reply("To the sign-in, or to the page after an act.", headers={"Location": "The address"}),
        },
        refusals={
            400: "A field is not valid.",
            403: "The person lacks the scope, or the form came from another site.",
            404: "There is no such page.",
        },
        errors=PAGE_ERRORS,
    )
