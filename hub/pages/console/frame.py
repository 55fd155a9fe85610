"""Serves the pages of the console: sign-in, scope, forms with their tokens, confirmation, and the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth.pages.browser_viewers import BrowserViewers, Person, login_address
from hub.auth.pages.csrf import CsrfError, CsrfForms
from hub.errors import RateLimited, TryLater
from hub.pages import rendering
from hub.pages.console.page import LIMIT, PAGE_SIZE, Act, ConsolePage, Moved, Outcome, Query, Refused, Submitted
from hub.pages.graph import BadAddress
from hub.pages.page import Content, Data
from hub.pages.reader import Reader
from hub.pages.site import Site, addresses
from hub.viewer import ViewerKind
from hub.web.throttling import retry_after_header

MAX_FIELDS = LIMIT + 30
PICK = "pick."
"""The prefix of the name of a row's checkbox."""


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages of the console share."""

    site: Site
    viewers: BrowserViewers
    forms: CsrfForms


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown above a page: that an act changed ``count`` rows, or what is wrong with the values in ``typed``."""

    done: str = ""
    count: int = 1
    problems: Mapping[str, str] | None = None
    typed: Mapping[str, str] = field(default_factory=dict)


class ConsoleView:
    """One page of the console in one language."""

    def __init__(self, console: Console, page: ConsolePage, language: str) -> None:
        self._console, self._page, self._language = console, page, language

    async def get(self, request: Request) -> Response:
        """Show the page."""
        done, count = request.query_params.get("done", ""), request.query_params.get("n", "")
        notice = Notice(done if done in self._page.acts else "", int(count[:4]) if count.isdecimal() else 1)
        try:
            person = await self._console.viewers.find(request)
            refused = self._refused(request, person)
            if refused is not None or person is None:
                return refused or self._to_login(request)
            return await self._shown(request, person, notice)
        except (RateLimited, TryLater) as error:
            return self._failed(request, error)

    async def csv(self, request: Request) -> Response:
        """Send the table of a figure of the page."""
        try:
            person = await self._console.viewers.find(request)
            refused = self._refused(request, person)
            if refused is not None or person is None:
                return refused or self._to_login(request)
            made = await self._made(request, person)
        except (RateLimited, TryLater) as error:
            return self._failed(request, error)
        figure = made[1].figure(request.path_params["figure"]) if made and isinstance(made[1], Content) else None
        if figure is None:
            return self._message(request, person, "missing", 404)
        name = f'attachment; filename="{self._page.name}-{figure.name}.csv"'
        return rendering.private(figure.table.csv(), 200, {"Content-Type": rendering.CSV, "Content-Disposition": name})

    async def post(self, request: Request) -> Response:
        """Show what a form would do, or do it."""
        try:
            person = await self._console.viewers.find(request)
            refused = self._refused(request, person)
            if refused is not None or person is None:
                return refused or self._to_login(request)
            fields = await self._console.forms.read(request, MAX_FIELDS)
            act = self._page.acts.get(fields.get("act", ""))
            if act is None or not (act.scope is None or person.viewer.may(act.scope)):
                return self._message(request, person, "forbidden", 403)
            return await self._act(request, person, act, fields)
        except CsrfError:
            return self._message(request, None, "stale", 403)
        except (RateLimited, TryLater) as error:
            return self._failed(request, error)

    def _refused(self, request: Request, person: Person | None) -> Response | None:
        if person is None or self._page.scope is None:
            return None
        allowed = person.viewer.kind is ViewerKind.OFFICER and person.viewer.may(self._page.scope)
        return None if allowed else self._message(request, person, "forbidden", 403)

    def _to_login(self, request: Request) -> Response:
        back = self._address(self._query(request)) if request.method == "GET" else self._address(request.path_params)
        return RedirectResponse(login_address(back, self._language), 303, {"Cache-Control": "no-store"})

    async def _act(self, request: Request, person: Person, act: Act, fields: Mapping[str, str]) -> Response:
        reader, name = self._console.site.reader(self._language), fields["act"]
        key, group = fields.get("key") or f"console-{uuid4().hex}", fields.get("group", "")
        form = Submitted([] if group else _picked(fields), fields, key, self._query(request), group)
        run = self._runner(request, person)
        if fields.get("step") != "do":
            try:
                _check(act, form, reader)
                return self._confirm(request, person, form, await act.preview(run, form, reader))
            except Refused as error:
                return await self._shown(request, person, Notice(problems=error.problems, typed=fields), 400)
        try:
            _check(act, form, reader)
            _require((each.name for each in act.fields if not each.optional), form, reader)
            outcomes = await act.perform(run, form, reader)
        except Refused as error:
            preview = await act.preview(run, form, reader)
            return self._confirm(request, person, form, preview, error.problems, 400)
        if all(each.accepted for each in outcomes) and not act.shows_results:
            kept = {key: value for key, value in self._query(request).items() if key != "after"}
            back = self._address({**kept, "done": name, "n": str(len(outcomes))})
            return RedirectResponse(back, 303, {"Cache-Control": "no-store"})
        return self._results(request, person, form, outcomes)

    async def _shown(self, request: Request, person: Person, notice: Notice, status: int = 200) -> Response:
        made = await self._made(request, person)
        if made is None:
            return self._message(request, person, "missing", 404)
        data, content = made
        if isinstance(content, Moved):
            return RedirectResponse(content.address, 303, {"Cache-Control": "no-store"})
        return self._render(request, person, self._page.name, content, data, status, notice=notice)

    async def _made(self, request: Request, person: Person) -> tuple[Data, Content | Moved] | None:
        """Return the data of the page and what it shows; None if there is no such page."""
        query, run = self._query(request), self._runner(request, person)
        try:
            # After an act the badge is counted again.
            age = {"badgeAge": 0} if request.query_params.get("done") and self._page.scope else {}
            data = await run(f"console/{self._page.name}", {**self._page.variables(query), **age})
        except BadAddress:
            return None
        content = self._page.build(data, query, self._console.site.reader(self._language))
        return None if content is None else (data, content)

    def _confirm(
        self,
        request: Request,
        person: Person,
        form: Submitted,
        outcomes: Sequence[Outcome],
        problems: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        name = form.fields["act"]
        title = self._console.site.reader(self._language).t(f"{self._page.texts}.{name}_title")
        values = {"form": form, "name": name, "act": self._page.acts[name], "outcomes": outcomes}
        return self._render(
            request,
            person,
            "confirm",
            Content(title, "", values),
            {},
            status,
            notice=Notice(problems=problems),
            accepted=sum(each.accepted for each in outcomes),
        )

    def _results(self, request: Request, person: Person, form: Submitted, outcomes: Sequence[Outcome]) -> Response:
        reader = self._console.site.reader(self._language)
        accepted = sum(each.accepted for each in outcomes)
        content = Content(reader.t("console.results", n=accepted, all=len(outcomes)), "", {"outcomes": outcomes})
        return self._render(request, person, "results", content, {}, 200, notice=Notice())

    def _message(self, request: Request, person: Person | None, name: str, status: int) -> Response:
        reader = self._console.site.reader(self._language)
        content = Content(reader.t(f"console.{name}_title"), "", {"text": reader.t(f"console.{name}")})
        return self._render(request, person, "message", content, {}, status, notice=Notice())

    def _failed(self, request: Request, error: RateLimited | TryLater) -> Response:
        limited = isinstance(error, RateLimited)
        response = self._message(request, None, "busy" if limited else "away", 429 if limited else 503)
        response.headers.update(retry_after_header(error))
        return response

    def _render(
        self,
        request: Request,
        person: Person | None,
        template: str,
        content: Content,
        data: Data,
        status: int,
        **values: Any,
    ) -> Response:
        secret, token = self._console.forms.issue(request)
        query = self._query(request)
        html = rendering.render(
            f"console/{template}",
            self._console.site.reader(self._language),
            **values,
            content=content,
            page=self._page,
            section=self._page.section or self._page.name,
            person=person,
            token=token,
            here=self._address(query),
            home=self._address(request.path_params),
            more=self._more(data, query),
            first=self._address({**query, "after": ""}) if query.get("after") else "",
            badge=_count(data.get("badge")),
            addresses=self._languages(query),
        )
        response = rendering.private(html, status)
        self._console.forms.set_cookie(response, secret)
        return response

    def _runner(self, request: Request, person: Person) -> Any:
        async def run(name: str, variables: Mapping[str, Any]) -> Data:
            graph = self._console.site.graph
            return await graph.run(
                request, name, variables, language=self._language, viewer=person.viewer, partial=True
            )

        return run

    def _query(self, request: Request) -> dict[str, str]:
        """Return the parameters of the address, those of the query string among the page's own."""
        own = {name: request.query_params.get(name, "").replace("\0", "")[:500] for name in self._page.filters}
        params = {name: str(request.path_params[name]) for name in self._page.params}
        return {**{name: value for name, value in own.items() if value}, **params}

    def _address(self, query: Query, language: str = "") -> str:
        return page_address(self._page, query, language or self._language)

    def _languages(self, query: Query) -> dict[str, str]:
        return {language: self._address(query, language) for language in addresses("overview", {})}

    def _more(self, data: Data, query: Query) -> str:
        """Return the address of the next rows, empty if there are none."""
        rows = data.get(self._page.rows) or {}
        if isinstance(rows, list):
            return self._address({**query, "after": rows[-1]["id"]}) if len(rows) == PAGE_SIZE else ""
        info = rows.get("pageInfo") or {}
        return self._address({**query, "after": info["endCursor"]}) if info.get("hasNextPage") else ""


def page_address(page: ConsolePage, query: Query, language: str) -> str:
    """Return the address of a page with its parameters; those without a value are left out."""
    params = {name: str(query[name]) for name in page.params}
    rest = {name: value for name, value in query.items() if value and name not in page.params}
    path = addresses(page.path_name, params)[language]
    return f"{path}?{urlencode(rest)}" if rest else path


def _count(badge: object) -> int:
    """Return the number of issues: a page has it, or all of them."""
    return len(badge) if isinstance(badge, list) else badge if isinstance(badge, int) else 0


def _check(act: Act, form: Submitted, reader: Reader) -> None:
    """Raise ``Refused`` if the page did not say what the act needs: its rows, or its fields."""
    if act.needs_rows and not form.picked and not form.group:
        raise Refused({"rows": reader.t("console.pick_one")})
    if len(form.picked) > LIMIT:
        raise Refused({"rows": reader.t("console.pick_fewer", n=LIMIT)})
    _require(act.given, form, reader)


def _require(names: Iterable[str], form: Submitted, reader: Reader) -> None:
    missing = [name for name in names if not form.fields.get(name, "").strip()]
    if missing:
        raise Refused(dict.fromkeys(missing, reader.t("console.required")))


def _picked(fields: Mapping[str, str]) -> list[str]:
    """Return the rows that a form names: those that were ticked, or those that the page before named."""
    ticked = [name.removeprefix(PICK) for name in fields if name.startswith(PICK)]
    return ticked or fields.get("picked", "").split()
