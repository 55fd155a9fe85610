"""The account page: which apps somebody let act for them, to take that back, and to sign out."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth.pages.desk import ACCOUNT, Desk, cause, name_of, stale
from hub.auth.pages.forms import Forged
from hub.auth.pages.sheet import Html, Sheet, listed
from hub.auth.pages.words import meaning
from hub.auth.server.interaction import LOGIN
from hub.store.access import consents
from hub.store.access.consents import Consent
from hub.store.access.users import User

_DONE = "revoked"


class Account:
    """``/oauth/account``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, request: Request) -> Response:
        """Show the page, take a consent back, or sign out."""
        async with self._desk.database.read() as db:
            signed = await self._desk.interaction.signed_in(db, request)
            given = await consents.of_user(db, signed.user.id) if signed else []
        if signed is None:
            return RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        if request.method != "POST":
            return self._page(request, signed.user, given)
        try:
            fields = await self._desk.forms.read(request)
        except Forged:
            return stale(request)
        if fields.get("answer") == "sign-out":
            return await self._sign_out(request, signed.user)
        return await self._take_back(request, signed.user, fields.get("client", ""))

    async def _take_back(self, request: Request, user: User, client_id: str) -> Response:
        async with self._desk.database.write(cause(request, "revoke-consent", user.id)) as db:
            await consents.take_back(db, user.id, client_id)
        return RedirectResponse(f"{ACCOUNT}?done={_DONE}", 303, {"Cache-Control": "no-store"})

    async def _sign_out(self, request: Request, user: User) -> Response:
        response = RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        async with self._desk.database.write(cause(request, "logout", user.id)) as db:
            await self._desk.interaction.sign_out(db, request, response)
        return response

    def _page(self, request: Request, user: User, given: Sequence[Consent]) -> Response:
        sheet = Sheet(request)
        kept, token = self._desk.forms.begin(request)
        rows = Html("".join(_row(sheet, token, one) for one in given))
        said = Html(f'<p class="done" role="status">{sheet.words["revoked"]}</p>')
        body = sheet.part(
            "account",
            done=said if request.query_params.get("done") == _DONE else Html(""),
            rows=rows or Html(f"<p>{sheet.words['no_apps']}</p>"),
            who=name_of(sheet, user),
            form=token,
        )
        response = sheet.shown(sheet.words["account_title"], body)
        self._desk.forms.give(response, kept)
        return response


def _row(sheet: Sheet, token: str, one: Consent) -> Html:
    return sheet.part(
        "app",
        client_id=one.client_id,
        name=one.name,
        organisation=one.organisation,
        at=f"{one.granted_at:%Y-%m-%d}",
        scopes=listed(meaning(scope, sheet.language) for scope in one.scopes),
        form=token,
    )
