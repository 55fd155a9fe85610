"""The consent page: client and scopes in plain words; the user's decision is sent to the client."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hub.auth.pages.context import PageContext, cause, display_name, invalid_form
from hub.auth.pages.csrf import CsrfError
from hub.auth.server.authorize import AuthorizationEndpoint, ConsentRequest
from hub.auth.server.parameters import from_text
from hub.auth.server.rendering import Html, PageRenderer, csp_source, html_list
from hub.auth.server.sessions import LOGIN, authorization_query
from hub.auth.server.sessions import redirect_to_page as sent
from hub.auth.server.translations import meaning


class ConsentPage:
    """``/oauth/consent``. ``authorize`` validates the request again each time."""

    def __init__(self, context: PageContext, authorize: AuthorizationEndpoint) -> None:
        self._context, self._authorize = context, authorize

    async def __call__(self, request: Request) -> Response:
        """Show the consent request, or send the decision to the client."""
        if request.method != "POST":
            back = request.query_params.get("next", "")
            consent = await self._authorize.consent_request(request, back)
            return self._page(request, back, consent) if isinstance(consent, ConsentRequest) else consent
        try:
            fields = await self._context.forms.read(request)
        except CsrfError:
            return invalid_form(request)
        answer, back = fields.get("answer"), fields.get("next", "")
        if answer == "switch":
            return await self._switch_account(request, back)
        return await self._authorize.submit_consent(request, back, consent=answer == "allow")

    def _page(self, request: Request, back: str, consent: ConsentRequest) -> Response:
        renderer = PageRenderer(request, {"next": back})
        secret, token = self._context.forms.issue(request)
        client = consent.client
        body = renderer.render(
            "consent",
            name=client.name,
            organisation=client.organisation,
            wants=renderer.texts["wants" if consent.scopes else "wants_nothing"],
            scopes=html_list(meaning(scope, renderer.language) for scope in consent.scopes),
            target=csp_source(consent.redirect_uri).removesuffix(":*"),
            who=display_name(renderer, consent.user.user),
            form=token,
            back=back,
        )
        response = renderer.page(renderer.texts["consent_title"], Html(body), targets=(consent.redirect_uri,))
        self._context.forms.set_cookie(response, secret)
        return response

    async def _switch_account(self, request: Request, back: str) -> Response:
        """Sign out, and redirect to the sign-in page."""
        query = authorization_query(back)
        if query is None:
            return invalid_form(request)
        response = sent(LOGIN, from_text(query))
        async with self._context.database.write(cause(request, "logout", "session")) as db:
            await self._context.sessions.sign_out(db, request, response)
        return response
