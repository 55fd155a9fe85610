"""The account page: the apps that a user gave consent to, revocation, and sign-out."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth.pages.context import ACCOUNT, PageContext, cause, display_name, invalid_form
from hub.auth.pages.csrf import CsrfError
from hub.auth.server.rendering import Html, PageRenderer, html_list
from hub.auth.server.sessions import LOGIN
from hub.auth.server.translations import meaning
from hub.store.oauth import consents, second_factors
from hub.store.oauth.consents import Consent
from hub.store.oauth.users import User

_DONE = "revoked"


class AccountPage:
    """``/oauth/account``."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    async def __call__(self, request: Request) -> Response:
        """Show the page, revoke a consent, or sign out."""
        async with self._context.database.read() as db:
            signed = await self._context.sessions.signed_in(db, request)
            consented = await consents.list_for_user(db, signed.user.id) if signed else []
            recovery_codes = await second_factors.remaining(db, signed.user.id) if signed else 0
        if signed is None:
            return RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        if request.method != "POST":
            return self._page(request, signed.user, consented, recovery_codes)
        try:
            fields = await self._context.forms.read(request)
        except CsrfError:
            return invalid_form(request)
        if fields.get("answer") == "sign-out":
            return await self._sign_out(request, signed.user)
        return await self._revoke(request, signed.user, fields.get("client", ""))

    async def _revoke(self, request: Request, user: User, client_id: str) -> Response:
        async with self._context.database.write(cause(request, "revoke-consent", user.id)) as db:
            await consents.revoke(db, user.id, client_id)
        return RedirectResponse(f"{ACCOUNT}?done={_DONE}", 303, {"Cache-Control": "no-store"})

    async def _sign_out(self, request: Request, user: User) -> Response:
        response = RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        async with self._context.database.write(cause(request, "logout", user.id)) as db:
            await self._context.sessions.sign_out(db, request, response)
        return response

    def _page(self, request: Request, user: User, consented: Sequence[Consent], recovery_codes: int) -> Response:
        renderer = PageRenderer(request)
        secret, token = self._context.forms.issue(request)
        rows = Html("".join(_row(renderer, token, one) for one in consented))
        notice = Html(f'<p class="done" role="status">{renderer.texts["revoked"]}</p>')
        body = renderer.render(
            "account",
            done=notice if request.query_params.get("done") == _DONE else Html(""),
            rows=rows or Html(f"<p>{renderer.texts['no_apps']}</p>"),
            who=display_name(renderer, user),
            factor=_factor(renderer, recovery_codes, active=user.second_factor) if user.kind == "OFFICER" else Html(""),
            form=token,
        )
        response = renderer.page(renderer.texts["account_title"], body)
        self._context.forms.set_cookie(response, secret)
        return response


def _factor(renderer: PageRenderer, recovery_codes: int, *, active: bool) -> Html:
    state = f"{renderer.texts['factor_on']} {recovery_codes}" if active else renderer.texts["factor_off"]
    return renderer.render("factor", state=state, act=renderer.texts["factor_replace" if active else "factor_set"])


def _row(renderer: PageRenderer, token: str, consent: Consent) -> Html:
    return renderer.render(
        "app",
        client_id=consent.client_id,
        name=consent.name,
        organisation=consent.organisation,
        at=f"{consent.granted_at:%Y-%m-%d}",
        scopes=html_list(meaning(scope, renderer.language) for scope in consent.scopes),
        form=token,
    )
