"""The routes of the pages."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from hub.auth.outside import Provider
from hub.auth.pages.account import Account
from hub.auth.pages.consent import Consent
from hub.auth.pages.desk import ACCOUNT, Desk
from hub.auth.pages.forms import Forms
from hub.auth.pages.login import Login
from hub.auth.pages.provider import Outside
from hub.auth.registry import LoginRow
from hub.auth.server.authorize import Authorize
from hub.auth.server.interaction import CONSENT, LOGIN
from hub.store.database import Database
from hub.web.rates import Rates

FORM = ["GET", "POST"]


def routes(
    database: Database, authorize: Authorize, issuer: str, secret: bytes, rates: Rates, logins: Sequence[LoginRow]
) -> list[BaseRoute]:
    """Every page; ``issuer`` is the hub's origin, ``secret`` its secret key."""
    interaction = authorize.interaction
    desk = Desk(database, interaction, Forms(issuer, secret, interaction), rates)
    providers = [Provider(row, f"{issuer}/oauth/outside/{row.name}/callback") for row in logins]
    outside = Outside(desk, providers)
    return [
        Route(LOGIN, Login(desk, providers).__call__, methods=FORM),
        Route(CONSENT, Consent(desk, authorize).__call__, methods=FORM),
        Route(ACCOUNT, Account(desk).__call__, methods=FORM),
        Route("/oauth/outside/{name}", outside.begin),
        Route("/oauth/outside/{name}/callback", outside.callback),
        Route("/oauth/outside/{name}/jwks", outside.jwks),
    ]
