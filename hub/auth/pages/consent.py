"""The consent page: which client asks for what, in plain words; the user's answer goes to the client."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.pages.desk import Desk, cause, name_of, stale
from hub.auth.pages.forms import Forged
from hub.auth.pages.sheet import Html, Sheet, listed, source
from hub.auth.pages.words import meaning
from hub.auth.server.authorize import Authorize, Wanted
from hub.auth.server.interaction import LOGIN, query_of
from hub.auth.server.interaction import onward as sent
from hub.auth.server.parameters import from_text


class Consent:
    """``/oauth/consent``. ``authorize`` checks the request anew each time, so that nothing here is trusted."""

    def __init__(self, desk: Desk, authorize: Authorize) -> None:
        self._desk, self._authorize = desk, authorize

    async def __call__(self, request: Request) -> Response:
        """Show what is asked for, or bring the answer to the client."""
        if request.method != "POST":
            back = request.query_params.get("next", "")
            wanted = await self._authorize.asked(request, back)
            return self._page(request, back, wanted) if isinstance(wanted, Wanted) else wanted
        try:
            fields = await self._desk.forms.read(request)
        except Forged:
            return stale(request)
        answer, back = fields.get("answer"), fields.get("next", "")
        if answer == "switch":
            return await self._switch(request, back)
        return await self._authorize.decided(request, back, consent=answer == "allow")

    def _page(self, request: Request, back: str, wanted: Wanted) -> Response:
        sheet = Sheet(request, {"next": back})
        kept, token = self._desk.forms.begin(request)
        client = wanted.client
        body = sheet.part(
            "consent",
            name=client.name,
            organisation=client.organisation,
            wants=sheet.words["wants" if wanted.scopes else "wants_nothing"],
            scopes=listed(meaning(scope, sheet.language) for scope in wanted.scopes),
            target=source(wanted.redirect_uri).removesuffix(":*"),
            who=name_of(sheet, wanted.user.user),
            form=token,
            back=back,
        )
        response = sheet.shown(sheet.words["consent_title"], Html(body), targets=(wanted.redirect_uri,))
        self._desk.forms.give(response, kept)
        return response

    async def _switch(self, request: Request, back: str) -> Response:
        """Sign out, and ask who it is instead."""
        query = query_of(back)
        if query is None:
            return stale(request)
        response = sent(LOGIN, from_text(query))
        async with self._desk.database.write(cause(request, "logout", "session")) as db:
            await self._desk.interaction.sign_out(db, request, response)
        return response
