"""The routes of the pages."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hub.auth.issuer_config import LoginRow
from hub.auth.oidc_login import OidcProvider
from hub.auth.pages.account import AccountPage
from hub.auth.pages.consent import ConsentPage
from hub.auth.pages.context import ACCOUNT, PageContext, SignInCounter, ignore_sign_in
from hub.auth.pages.csrf import CsrfForms
from hub.auth.pages.devices import KnownDevices
from hub.auth.pages.federated_login import FederatedLogin
from hub.auth.pages.login import LoginPage
from hub.auth.pages.second_factor import SecondFactorPage
from hub.auth.pages.second_factor_setup import SecondFactorSetupPage
from hub.auth.pages.sign_in_flow import SECOND_FACTOR_SETUP_URL, SECOND_FACTOR_URL, SignInFlow
from hub.auth.pages.totp_secrets import TotpSecrets
from hub.auth.server.authorize import AuthorizationEndpoint
from hub.auth.server.sessions import CONSENT, LOGIN
from hub.store.database import Database
from hub.store.encryption import FieldCipher
from hub.web.operations import FORM, HTML, JSON, PAGE_ERRORS, TEXT, DocumentedRoute, Operation, Reply, page
from hub.web.rate_limits import RateLimiter


def routes(
    database: Database,
    authorize: AuthorizationEndpoint,
    issuer: str,
    secret: bytes,
    rates: RateLimiter,
    logins: Sequence[LoginRow],
    cipher: FieldCipher,
    count: SignInCounter = ignore_sign_in,
    *,
    second_factor: bool = False,
    clock: Callable[[], float] = time.time,
) -> list[BaseRoute]:
    """Return the routes of all pages; ``issuer`` is the hub's origin, ``secret`` its secret key.

    ``second_factor``: whether users need one for ``NEEDS_SECOND_FACTOR``; ``clock`` is the clock for its codes.
    """
    sessions = authorize.sessions
    devices = KnownDevices(secret, https=sessions.https)
    context = PageContext(database, sessions, CsrfForms(issuer, secret, sessions), rates, devices, count)
    providers = [OidcProvider(row, f"{issuer}/oauth/outside/{row.name}/callback") for row in logins]
    flow, secrets = SignInFlow(context, second_factor=second_factor), TotpSecrets(cipher, clock)
    federated = FederatedLogin(context, flow, providers)
    return [
        _form(LOGIN, LoginPage(context, flow, providers).__call__, "Sign in"),
        _form(SECOND_FACTOR_URL, SecondFactorPage(context, flow, secrets).__call__, "Show a second factor"),
        _form(
            SECOND_FACTOR_SETUP_URL, SecondFactorSetupPage(context, flow, secrets).__call__, "Set up a second factor"
        ),
        _form(CONSENT, ConsentPage(context, authorize).__call__, "Allow a client"),
        _form(ACCOUNT, AccountPage(context).__call__, "See and end what is allowed"),
        DocumentedRoute("/oauth/outside/{name}", federated.start, get=_step("Sign in elsewhere")),
        DocumentedRoute("/oauth/outside/{name}/callback", federated.callback, get=_step("Come back from there")),
        DocumentedRoute("/oauth/outside/{name}/jwks", federated.jwks, get=_KEYS),
    ]


_REFUSED = {400: "The form or the request is not valid.", 403: "The form is old, or the user may not do this."}
_NO_PROVIDER = {404: "There is no such other place to sign in."}
_KEYS = page("The hub's keys for signing in elsewhere (RFC 7517)", JSON, refusals=_NO_PROVIDER)


def _step(summary: str) -> Operation:
    replies = {200: Reply("A page", {HTML: TEXT}), 302: Reply("To another page"), 303: Reply("To another page")}
    return Operation(summary=summary, replies=replies, refusals=_REFUSED | _NO_PROVIDER, errors=PAGE_ERRORS)


def _form(path: str, endpoint: Callable[[Request], Awaitable[Response]], summary: str) -> BaseRoute:
    replies = {200: Reply("The page", {HTML: TEXT}), 302: Reply("To another page"), 303: Reply("To another page")}
    get, post = (
        Operation(summary=each, replies=replies, refusals=_REFUSED, errors=PAGE_ERRORS, body=body)
        for each, body in ((summary, {}), (f"{summary}: send the form", {FORM: {"type": "object"}}))
    )
    return DocumentedRoute(path, endpoint, get=get, post=post)
