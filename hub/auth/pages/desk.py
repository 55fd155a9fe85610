"""What the pages share: who is signed in, how often somebody may try, and answers that every page gives."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.pages.forms import Forms
from hub.auth.pages.sheet import Sheet, filled
from hub.auth.server.interaction import AUTHORIZE, LOGIN, Interaction, query_of
from hub.auth.server.registration import WELL_FORMED
from hub.errors import TooMany
from hub.store.access import clients
from hub.store.access.clients import Client
from hub.store.access.users import User
from hub.store.database import Cause, Database
from hub.web.rates import Rates
from hub.web.requests import request_id

ACCOUNT = "/oauth/account"


@dataclass(frozen=True, slots=True)
class Desk:
    """What each page works with."""

    database: Database
    interaction: Interaction
    forms: Forms
    rates: Rates


def cause(request: Request, what: str, actor: str) -> Cause:
    """Why a page writes."""
    return Cause(f"oauth:{what}", actor, request_id(request))


def onward(back: str) -> str:
    """Where somebody goes on after signing in: to the authorization request, or to their account."""
    query = query_of(back)
    return f"{AUTHORIZE}?{query}" if query else ACCOUNT


async def asking(db: AsyncConnection, back: str) -> Client | None:
    """The client on whose behalf somebody signs in, if ``back`` is an authorization request of one."""
    client_id = parse_qs(query_of(back) or "").get("client_id", [""])[0]
    client = await clients.get(db, client_id) if WELL_FORMED.fullmatch(client_id) else None
    return client if client and not client.suspended_at else None


def name_of(sheet: Sheet, user: User) -> str:
    """What a page calls the user: only officers have names here."""
    return user.username or sheet.words["citizen" if user.kind == "CITIZEN" else "officer"]


def stale(request: Request) -> Response:
    """The answer to a form that is not ours."""
    sheet = Sheet(request)
    return sheet.message("stale_title", sheet.words["stale"], status=403, link=LOGIN)


def busy(request: Request, error: TooMany) -> Response:
    """The answer to somebody who tries too often (RFC 6585, 4)."""
    sheet = Sheet(request)
    text = filled(sheet.words["busy"], {"seconds": str(error.after)})
    response = sheet.message("busy_title", text, status=429, link=LOGIN)
    response.headers["Retry-After"] = str(error.after)
    return response
