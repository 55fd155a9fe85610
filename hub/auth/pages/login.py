"""The sign-in page: officers by name and password, and ways to the outside providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth import passwords
from hub.auth.outside import Provider
from hub.auth.pages.desk import Desk, asking, busy, cause, onward, stale
from hub.auth.pages.forms import Forged
from hub.auth.pages.sheet import Html, Sheet, filled
from hub.errors import TooMany
from hub.store.access import identities, users
from hub.store.access.clients import Client
from hub.store.access.users import User
from hub.web.throttle import address_of

_CLIENT = "<p>$sign_in_for <strong>$name</strong> ($by $organisation)</p>"
_SUMMARY = (
    '<div class="problem" role="alert" id="problem" tabindex="-1" autofocus><h2>$summary</h2>'
    '<p><a href="#username">$text</a></p></div>'
)
_PROVIDER = '<li><a class="button" href="$url">$title</a></li>'
_PROVIDERS = '<nav aria-labelledby="providers"><h2 id="providers">$or_through</h2><ul>$rows</ul></nav>'


class Login:
    """``/oauth/login``. Every failure looks the same, and an unknown name takes as long as a known one."""

    def __init__(self, desk: Desk, providers: Sequence[Provider]) -> None:
        self._desk, self._providers = desk, providers

    async def __call__(self, request: Request) -> Response:
        """Show the page, or sign in."""
        if request.method != "POST":
            return await self._page(request, request.query_params.get("next", ""))
        try:
            fields = await self._desk.forms.read(request)
            return await self._sign_in(request, fields)
        except Forged:
            return stale(request)
        except TooMany as error:
            return busy(request, error)

    async def _sign_in(self, request: Request, fields: Mapping[str, str]) -> Response:
        username, password = fields.get("username", "").strip(), fields.get("password", "")
        back = fields.get("next", "")
        if not username or not password:
            return await self._page(request, back, username, "missing")
        await self._desk.rates.login(address_of(request), username)
        user = await self._right(request, username, password)
        if user is None:
            return await self._page(request, back, username, "wrong")
        response = RedirectResponse(onward(back), 303, {"Cache-Control": "no-store"})
        async with self._desk.database.write(cause(request, "login", user.id)) as db:
            await identities.succeeded(db, user.id)
            await self._desk.interaction.sign_in(db, request, response, user.id)
        return response

    async def _right(self, request: Request, username: str, password: str) -> User | None:
        """The officer, when the password is right; it is compared outside of any transaction, for it takes long."""
        async with self._desk.database.write(cause(request, "login", "anonymous")) as db:
            user = await identities.attempt(db, username)
        held = user.password_hash if user else None
        if not await passwords.is_right(held, password) or user is None or user.kind != "OFFICER":
            return None
        if held and passwords.is_dated(held):
            anew = await passwords.hash_password(password)
            async with self._desk.database.write(cause(request, "login", user.id)) as db:
                await users.set_password(db, user.id, anew)
        return user

    async def _page(self, request: Request, back: str, given: str = "", problem: str = "") -> Response:
        async with self._desk.database.read() as db:
            client = await asking(db, back)
        sheet = Sheet(request, {"next": back} if back else {})
        kept, token = self._desk.forms.begin(request)
        body = sheet.part(
            "login",
            summary_box=filled(_SUMMARY, {**sheet.words, "text": sheet.words[problem]}) if problem else Html(""),
            client=_client(sheet, client),
            providers=self._others(sheet, back),
            flawed=Html(' aria-invalid="true" aria-describedby="problem"' if problem else ""),
            form=token,
            back=back,
            given=given,
        )
        title = sheet.words["sign_in"]
        title = f"{sheet.words['error']}: {title}" if problem else title
        status = 400 if problem else 200
        response = sheet.shown(title, body, status=status, targets=client.redirect_uris if client else ())
        self._desk.forms.give(response, kept)
        return response

    def _others(self, sheet: Sheet, back: str) -> Html:
        rows = ""
        for provider in self._providers:
            row = provider.row
            url = f"/oauth/outside/{row.name}?{urlencode({'next': back})}"
            rows += filled(_PROVIDER, {"url": url, "title": row.title_id if sheet.language == "id" else row.title_en})
        return filled(_PROVIDERS, {**sheet.words, "rows": Html(rows)}) if rows else Html("")


def _client(sheet: Sheet, client: Client | None) -> Html:
    if client is None:
        return Html("")
    return filled(_CLIENT, {**sheet.words, "name": client.name, "organisation": client.organisation})
