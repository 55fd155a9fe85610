"""The sign-in page: officers by name and password, and links to the providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from hub.auth import passwords
from hub.auth.oidc_login import OidcProvider
from hub.auth.pages.context import PageContext, cause, invalid_form, rate_limited, requesting_client
from hub.auth.pages.csrf import CsrfError
from hub.auth.pages.sign_in_flow import SignInFlow
from hub.auth.server.rendering import Html, PageRenderer, fill
from hub.errors import RateLimited
from hub.store import audit
from hub.store.oauth import sign_in_attempts, usernames, users
from hub.store.oauth.clients import Client
from hub.store.oauth.users import User
from hub.web.throttling import address_of

_CLIENT = "<p>$sign_in_for <strong>$name</strong> ($by $organisation)</p>"
_SUMMARY = (
    '<div class="problem" role="alert" id="problem" tabindex="-1" autofocus><h2>$summary</h2>'
    '<p><a href="#username">$text</a></p></div>'
)
_PROVIDER = '<li><a class="button" href="$url">$title</a></li>'
_PROVIDERS = '<nav aria-labelledby="providers"><h2 id="providers">$or_through</h2><ul>$rows</ul></nav>'


class LoginPage:
    """``/oauth/login``. All failures look the same, and an unknown name takes as long as a known one."""

    def __init__(self, context: PageContext, flow: SignInFlow, providers: Sequence[OidcProvider]) -> None:
        self._context, self._flow, self._providers = context, flow, providers

    async def __call__(self, request: Request) -> Response:
        """Show the page, or sign in."""
        if request.method != "POST":
            return await self._page(request, request.query_params.get("next", ""))
        try:
            fields = await self._context.forms.read(request)
            return await self._sign_in(request, fields)
        except CsrfError:
            return invalid_form(request)
        except RateLimited as error:
            self._context.count("password", "limited")
            return rate_limited(request, error)

    async def _sign_in(self, request: Request, fields: Mapping[str, str]) -> Response:
        typed, password, back = fields.get("username", ""), fields.get("password", ""), fields.get("next", "")
        username = usernames.normalize(typed)
        if not username or not password:
            return await self._page(request, back, typed, "missing")
        known = self._context.devices.is_known(request, username)
        await self._context.rates.login(address_of(request), username, known_browser=known)
        user, correct = await self._check_password(request, username, password, known=known)
        if user is None or not correct:
            self._context.count("password", "refused")
            page = await self._page(request, back, typed, "wrong")
            # After the response, whose time would otherwise reveal that the account exists.
            page.background = BackgroundTask(self._record_refusal, request, user)
            return page
        self._context.count("password", "ok")
        async with self._context.database.write(cause(request, "login", user.id)) as db:
            await sign_in_attempts.reset(db, self._context.devices.attempt_key(request, "password", username))
            return await self._flow.after_first_factor(db, request, user, method="password", back=back)

    async def _check_password(
        self, request: Request, username: str, password: str, *, known: bool
    ) -> tuple[User | None, bool]:
        """Return the user, and whether the password is correct; no user while attempts are delayed.

        The comparison takes long, so it runs outside of any transaction.
        """
        attempt_key = self._context.devices.attempt_key(request, "password", username)
        async with self._context.database.write(cause(request, "login", "anonymous")) as db:
            allowed = await sign_in_attempts.record_attempt(db, attempt_key)
            found = await users.by_name(db, username) if allowed else None
        if allowed and not known:
            await self._context.rates.secret_attempt("password", username)
        user = found if found and found.kind == "OFFICER" and not found.suspended_at else None
        stored = user.password_hash if user else None
        if not await passwords.is_correct(stored, password) or user is None:
            return found, False
        if stored and passwords.needs_rehash(stored):
            rehashed = await passwords.hash_password(password)
            async with self._context.database.write(cause(request, "login", user.id)) as db:
                await users.rehash_password(db, user.id, stored, rehashed)
        return user, True

    async def _record_refusal(self, request: Request, user: User | None) -> None:
        """Record only counted attempts at existing accounts, so that an attacker cannot fill the audit trail."""
        if user:
            async with self._context.database.write(cause(request, "login", "anonymous")) as db:
                await audit.record(db, "sign-in", f"user:{user.id}", refused=True, method="password")

    async def _page(self, request: Request, back: str, username: str = "", problem: str = "") -> Response:
        async with self._context.database.read() as db:
            client = await requesting_client(db, back)
        renderer = PageRenderer(request, {"next": back} if back else {})
        secret, token = self._context.forms.issue(request)
        body = renderer.render(
            "login",
            summary_box=fill(_SUMMARY, {**renderer.texts, "text": renderer.texts[problem]}) if problem else Html(""),
            client=_client_line(renderer, client),
            providers=self._provider_links(renderer, back),
            flawed=Html(' aria-invalid="true" aria-describedby="problem"' if problem else ""),
            form=token,
            back=back,
            typed=username,
        )
        title = renderer.texts["sign_in"]
        title = f"{renderer.texts['error']}: {title}" if problem else title
        status = 400 if problem else 200
        response = renderer.page(title, body, status=status, targets=client.redirect_uris if client else ())
        self._context.forms.set_cookie(response, secret)
        return response

    def _provider_links(self, renderer: PageRenderer, back: str) -> Html:
        rows = ""
        for provider in self._providers:
            row = provider.row
            url = f"/oauth/outside/{row.name}?{urlencode({'next': back})}"
            rows += fill(_PROVIDER, {"url": url, "title": row.title_id if renderer.language == "id" else row.title_en})
        return fill(_PROVIDERS, {**renderer.texts, "rows": Html(rows)}) if rows else Html("")


def _client_line(renderer: PageRenderer, client: Client | None) -> Html:
    if client is None:
        return Html("")
    return fill(_CLIENT, {**renderer.texts, "name": client.name, "organisation": client.organisation})
