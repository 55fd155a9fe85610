"""The routes of the pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute, Route

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
from hub.web.rate_limits import RateLimiter

FORM = ["GET", "POST"]


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
        Route(LOGIN, LoginPage(context, flow, providers).__call__, methods=FORM),
        Route(SECOND_FACTOR_URL, SecondFactorPage(context, flow, secrets).__call__, methods=FORM),
        Route(SECOND_FACTOR_SETUP_URL, SecondFactorSetupPage(context, flow, secrets).__call__, methods=FORM),
        Route(CONSENT, ConsentPage(context, authorize).__call__, methods=FORM),
        Route(ACCOUNT, AccountPage(context).__call__, methods=FORM),
        Route("/oauth/outside/{name}", federated.start),
        Route("/oauth/outside/{name}/callback", federated.callback),
        Route("/oauth/outside/{name}/jwks", federated.jwks),
    ]
