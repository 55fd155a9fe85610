"""The authorization endpoint: from the request to sign-in, consent and the code (RFC 6749, 3.1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.macs import is_valid_mac, mac
from hub.auth.server import parameters
from hub.auth.server.authlib_server import AuthlibServer
from hub.auth.server.rendering import PageRenderer
from hub.auth.server.request_context import OAuthRequest, OAuthResponse, RequestContext, await_result, current
from hub.auth.server.sessions import (
    AUTHORIZE,
    CONSENT,
    LOGIN,
    BrowserSessions,
    SignedIn,
    authorization_query,
    redirect_to_page,
)
from hub.auth.signing_keys import SigningKeys
from hub.store.database import Cause, Database
from hub.store.oauth import pushed_requests, sessions
from hub.store.oauth.clients import Client
from hub.web.middleware import request_id
from hub.web.throttling import network_of

Pairs = list[tuple[str, str]]

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
REQUEST_URI_LIFETIME = timedelta(seconds=500)
"""Long enough for signing in, and below the 600 s of FAPI 2.0, 5.3.2.2."""
SIGNED_IN_AFTER = "signed_in_after"
"""A parameter of the hub: when the user was sent to sign in again, in Unix seconds, with a MAC."""
SIGNED_IN_AFTER_LIFETIME = REQUEST_URI_LIFETIME
"""How long it is valid, so that an earlier request does not replace a sign-in that the client requires."""
_INTERACTION_NEEDED = "The user has to sign in or consent: send the request again without prompt=none."


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a consent page shows: client, user, scopes, and where the response goes."""

    client: Client
    user: SignedIn
    scopes: tuple[str, ...]
    redirect_uri: str


class AuthorizationEndpoint:
    """The authorization endpoint. Errors that must not be sent to the client are shown on a page."""

    def __init__(
        self,
        database: Database,
        keys: SigningKeys,
        core: AuthlibServer,
        browser_sessions: BrowserSessions,
        secret: bytes,
    ) -> None:
        self._database, self._keys, self._core, self.sessions = database, keys, core, browser_sessions
        self._secret = secret

    async def __call__(self, request: Request) -> Response:
        """Handle an authorization request."""
        try:
            pairs = await parameters.from_body(request) if request.method == "POST" else parameters.from_query(request)
        except OAuth2Error as error:
            return _error_page(request, error)
        return await self._run(request, pairs, lambda signed: self._step(pairs, signed, None))

    async def consent_request(self, request: Request, back: str) -> ConsentRequest | Response:
        """Return the consent request that ``back`` leads to, or a response if there is nothing to consent to."""
        found: list[ConsentRequest] = []

        def look(pairs: Pairs, signed: SignedIn | None) -> OAuthResponse:
            oauth_request = self._parse(pairs)
            grant = self._core.get_consent_grant(oauth_request, end_user=signed)
            if signed is None:
                return redirect_to_page(LOGIN, pairs)
            scopes = self._core.allowed_scopes(oauth_request.client, signed.user, oauth_request.scope.split())
            found.append(ConsentRequest(oauth_request.client.client, signed, tuple(scopes), grant.redirect_uri))
            return OAuthResponse()

        response = await self._resume(request, back, look)
        return found[0] if found else response

    async def submit_consent(self, request: Request, back: str, *, consent: bool) -> Response:
        """Return the redirect to the client with the user's decision."""
        return await self._resume(request, back, lambda pairs, signed: self._step(pairs, signed, consent))

    async def _resume(
        self, request: Request, back: str, act: Callable[[Pairs, SignedIn | None], OAuthResponse]
    ) -> Response:
        query = authorization_query(back)
        try:
            if query is None:
                raise InvalidRequestError("This is not an authorization request.")
            pairs = parameters.from_text(query)
        except OAuth2Error as error:
            return _error_page(request, error)
        return await self._run(request, pairs, lambda signed: act(pairs, signed))

    async def _run(self, request: Request, pairs: Pairs, act: Callable[[SignedIn | None], OAuthResponse]) -> Response:
        """Run ``act`` in one transaction. It is committed even if ``act`` refuses the request."""
        signer = await self._keys.signer()
        client = dict(pairs).get("client_id", "")[:64]
        cause = Cause("oauth:authorize", client, request_id(request), client, network_of(request))
        async with self._database.write(cause) as db:
            signed = await self.sessions.signed_in(db, request)
            current.set(RequestContext(db, signer))
            return await db.run_sync(lambda _: self._run_core(request, lambda: act(signed)))

    def _run_core(self, request: Request, act: Callable[[], OAuthResponse]) -> Response:
        try:
            return act()
        except OAuth2Error as error:
            return self._error_response(request, error)
        except ValueError as error:
            # Authlib repeats parameters in its descriptions, and then rejects their characters.
            if "forbidden characters" not in str(error):
                raise
            return _error_page(request, InvalidRequestError("A parameter contains characters that are not allowed."))

    def _error_response(self, request: Request, error: OAuth2Error) -> Response:
        if not error.redirect_uri:
            return _error_page(request, error)
        response = OAuthResponse.from_authlib(*error())
        self._core.issuer_in_response.add_issuer_parameter(self._core, response)
        return response

    def _parse(self, pairs: Pairs) -> OAuthRequest:
        """Return the request, or the one that was pushed before (RFC 9126, 4)."""
        url = self._core.issuer + AUTHORIZE
        params = dict(pairs)
        if "request_uri" not in params:
            return OAuthRequest("GET", url, {}, pairs)
        client_id = params.get("client_id", "")
        client = self._core.query_client(client_id)
        if client is None:
            raise InvalidClientError("The client does not exist on this server.")
        name = params["request_uri"].removeprefix(REQUEST_URI_PREFIX)
        pushed = await_result(pushed_requests.find_parameters(current.get().db, name, client_id))
        if pushed is None:
            raise InvalidRequestError("The request_uri is unknown, was used, or has expired: start again.")
        request = OAuthRequest("GET", url, {}, pushed)
        request.pushed = True
        return request

    def _step(self, pairs: Pairs, signed: SignedIn | None, consent: bool | None) -> OAuthResponse:
        """Return the next step: to sign-in, to consent, or back to the client."""
        request = self._parse(pairs)
        grant = self._core.get_consent_grant(request, end_user=signed)
        data = request.payload.data
        silent = data.get("prompt") == "none"
        if signed is None or not _is_recent(data, self._login_time(pairs), signed):
            if silent:
                raise LoginRequiredError(_INTERACTION_NEEDED, redirect_uri=grant.redirect_uri, state=data.get("state"))
            return redirect_to_page(LOGIN, self._with_login_time(pairs))
        if consent is None and not self._has_consented(request, signed):
            if silent:
                raise ConsentRequiredError(
                    _INTERACTION_NEEDED, redirect_uri=grant.redirect_uri, state=data.get("state")
                )
            return redirect_to_page(CONSENT, pairs)
        if request.pushed and not self._consume_pushed_request(dict(pairs)):
            raise InvalidRequestError("The request_uri was already used: start again.")
        if consent:
            self._save_consent(request, signed)
        response: OAuthResponse = self._core.create_authorization_response(
            request, grant_user=None if consent is False else signed, grant=grant
        )
        return response

    def _with_login_time(self, pairs: Pairs) -> Pairs:
        """Return the request with the time at which its user is sent to sign in."""
        unstamped = _without_login_time(pairs)
        now = str(int(time.time()))
        return [*unstamped, (SIGNED_IN_AFTER, f"{now}-{mac(self._secret, SIGNED_IN_AFTER, now, urlencode(unstamped))}")]

    def _login_time(self, pairs: Pairs) -> int:
        """Return when the user was sent to sign in for this request; 0 if they were not, or too long ago."""
        at, _, code = dict(pairs).get(SIGNED_IN_AFTER, "").partition("-")
        if not is_valid_mac(code, self._secret, SIGNED_IN_AFTER, at, urlencode(_without_login_time(pairs))):
            return 0
        return int(at) if int(at) >= time.time() - SIGNED_IN_AFTER_LIFETIME.total_seconds() else 0

    def _has_consented(self, request: OAuthRequest, signed: SignedIn) -> bool:
        if "consent" in request.payload.data.get("prompt", "") or not _identifies_client(request):
            return False
        consented = await_result(
            sessions.consented_scopes(current.get().db, signed.user.id, request.client.get_client_id())
        )
        return consented.issuperset(self._core.allowed_scopes(request.client, signed.user, request.scope.split()))

    def _save_consent(self, request: OAuthRequest, signed: SignedIn) -> None:
        scopes = frozenset(self._core.allowed_scopes(request.client, signed.user, request.scope.split()))
        await_result(sessions.add_consent(current.get().db, signed.user.id, request.client.get_client_id(), scopes))

    def _consume_pushed_request(self, params: dict[str, str]) -> bool:
        name = params["request_uri"].removeprefix(REQUEST_URI_PREFIX)
        return await_result(pushed_requests.consume(current.get().db, name, params["client_id"]))


def _without_login_time(pairs: Pairs) -> Pairs:
    return [(name, value) for name, value in pairs if name != SIGNED_IN_AFTER]


def _identifies_client(request: OAuthRequest) -> bool:
    """Return whether the response reaches this client and no other, so that a consent may be remembered.

    Any program on the user's machine can pretend to be a public client there (RFC 8252, 8.6).
    """
    return not request.client.client.public or request.payload.data["redirect_uri"].startswith("https://")


def _is_recent(data: dict[str, str], login_time: int, signed: SignedIn) -> bool:
    """Return whether the sign-in is recent enough for the client, or after ``login_time``.

    OpenID Connect Core, 3.1.2.1.
    """
    at = signed.at.timestamp()
    if login_time and at >= login_time:
        return True
    again = {"login", "select_account"} & {*data.get("prompt", "").split()}
    return not again and ("max_age" not in data or time.time() - at <= int(data["max_age"]))


def _error_page(request: Request, error: OAuth2Error) -> Response:
    """Return the error as a page: it must not be sent to an unregistered URI (RFC 6749, 4.1.2.1)."""
    renderer = PageRenderer(request, dict(request.query_params))
    message = f"{error.error}: {error.get_error_description()}"
    return renderer.page(renderer.texts["refused_title"], renderer.render("refused", message=message), status=400)
