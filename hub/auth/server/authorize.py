"""The authorization endpoint: from a browser's request to a code, by way of signing in and consent (RFC 6749, 3.1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from starlette.requests import Request
from starlette.responses import Response

from hub.auth.keys import Keys
from hub.auth.pages.sheet import Sheet
from hub.auth.server import parameters
from hub.auth.server.core import Core, allowed
from hub.auth.server.exchange import Asked, Exchange, Reply, current, wait
from hub.auth.server.interaction import AUTHORIZE, CONSENT, LOGIN, Interaction, SignedIn, onward, query_of
from hub.store.access import once, sessions
from hub.store.access.clients import Client
from hub.store.database import Cause, Database
from hub.web.requests import request_id

Pairs = list[tuple[str, str]]

PUSHED = "urn:ietf:params:oauth:request_uri:"
PUSHED_LIFE = timedelta(seconds=500)
"""Long enough to sign in, and under the 600 s of FAPI 2.0, 5.3.2.2."""
AFTER = "signed_in_after"
"""Our own parameter: the user was sent to sign in again at that time, in Unix seconds. Anybody could write it."""
AGAIN = PUSHED_LIFE
"""How long it counts, so that none with an early time spares a user whom a client wants to sign in anew."""
_SILENT = "The user has to be asked: send the request again without prompt=none."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a consent page shows: who asks, who is asked, for which scopes, and where the answer goes."""

    client: Client
    user: SignedIn
    scopes: tuple[str, ...]
    redirect_uri: str


class Authorize:
    """Answers browsers that clients send. Whatever cannot safely go back to a client is told on a page of ours."""

    def __init__(self, database: Database, keys: Keys, core: Core, interaction: Interaction) -> None:
        self._database, self._keys, self._core, self.interaction = database, keys, core, interaction

    async def __call__(self, request: Request) -> Response:
        """The endpoint."""
        try:
            pairs = await parameters.in_body(request) if request.method == "POST" else parameters.in_query(request)
        except OAuth2Error as error:
            return _page(request, error)
        return await self._answer(request, pairs, lambda signed: self._step(pairs, signed, None))

    async def asked(self, request: Request, back: str) -> Wanted | Response:
        """What the request that ``back`` leads to wants; a reply where there is nothing to consent to."""
        found: list[Wanted] = []

        def look(pairs: Pairs, signed: SignedIn | None) -> Reply:
            asked = self._asked(pairs)
            grant = self._core.get_consent_grant(asked, end_user=signed)
            if signed is None:
                return onward(LOGIN, pairs)
            scopes = allowed(asked.client, signed.user, asked.scope.split())
            found.append(Wanted(asked.client.client, signed, tuple(scopes), grant.redirect_uri))
            return Reply()

        reply = await self._again(request, back, look)
        return found[0] if found else reply

    async def decided(self, request: Request, back: str, *, consent: bool) -> Response:
        """The user's answer on the consent page, brought to the client."""
        return await self._again(request, back, lambda pairs, signed: self._step(pairs, signed, consent))

    async def _again(self, request: Request, back: str, act: Callable[[Pairs, SignedIn | None], Reply]) -> Response:
        query = query_of(back)
        try:
            if query is None:
                raise InvalidRequestError("That is no authorization request.")
            pairs = parameters.from_text(query)
        except OAuth2Error as error:
            return _page(request, error)
        return await self._answer(request, pairs, lambda signed: act(pairs, signed))

    async def _answer(self, request: Request, pairs: Pairs, act: Callable[[SignedIn | None], Reply]) -> Response:
        """What ``act`` says, inside of one transaction; a refusal is an answer, and keeps what was written."""
        signer = await self._keys.signer()
        cause = Cause("oauth:authorize", dict(pairs).get("client_id", "")[:64], request_id(request))
        async with self._database.write(cause) as db:
            signed = await self.interaction.signed_in(db, request)
            current.set(Exchange(db, signer))
            return await db.run_sync(lambda _: self._guarded(request, lambda: act(signed)))

    def _guarded(self, request: Request, act: Callable[[], Reply]) -> Response:
        try:
            return act()
        except OAuth2Error as error:
            return self._refusal(request, error)
        except ValueError as error:
            # Authlib repeats what was asked in its descriptions, and then refuses to say it.
            if "forbidden characters" not in str(error):
                raise
            return _page(request, InvalidRequestError("A parameter holds characters that it may not."))

    def _refusal(self, request: Request, error: OAuth2Error) -> Response:
        if not error.redirect_uri:
            return _page(request, error)
        reply = Reply.of(*error())
        self._core.says_issuer.add_issuer_parameter(self._core, reply)
        return reply

    def _asked(self, pairs: Pairs) -> Asked:
        """The request, or the one that was pushed before (RFC 9126, 4)."""
        url = self._core.issuer + AUTHORIZE
        given = dict(pairs)
        if "request_uri" not in given:
            return Asked("GET", url, {}, pairs)
        client_id = given.get("client_id", "")
        client = self._core.query_client(client_id)
        if client is None:
            raise InvalidClientError("The client does not exist on this server.")
        name = given["request_uri"].removeprefix(PUSHED)
        pushed = wait(once.pushed(current.get().db, name, client_id))
        if pushed is None:
            raise InvalidRequestError("The request_uri is not known, was used, or is too old: start again.")
        asked = Asked("GET", url, {}, pushed)
        asked.pushed = True
        return asked

    def _step(self, pairs: Pairs, signed: SignedIn | None, consent: bool | None) -> Reply:
        """The next step of a request: to sign in, to consent, or back to the client."""
        asked = self._asked(pairs)
        grant = self._core.get_consent_grant(asked, end_user=signed)
        data = asked.payload.data
        silent = data.get("prompt") == "none"
        if signed is None or not _is_recent(data, dict(pairs).get(AFTER, ""), signed):
            if silent:
                raise LoginRequiredError(_SILENT, redirect_uri=grant.redirect_uri, state=data.get("state"))
            return onward(LOGIN, [*((n, v) for n, v in pairs if n != AFTER), (AFTER, str(int(time.time())))])
        if consent is None and not self._has_consented(asked, signed):
            if silent:
                raise ConsentRequiredError(_SILENT, redirect_uri=grant.redirect_uri, state=data.get("state"))
            return onward(CONSENT, pairs)
        if asked.pushed and not self._used_up(dict(pairs)):
            raise InvalidRequestError("The request_uri was used already: start again.")
        if consent:
            self._remember(asked, signed)
        reply: Reply = self._core.create_authorization_response(
            asked, grant_user=None if consent is False else signed, grant=grant
        )
        return reply

    def _has_consented(self, asked: Asked, signed: SignedIn) -> bool:
        if "consent" in asked.payload.data.get("prompt", ""):
            return False
        given = wait(sessions.consented(current.get().db, signed.user.id, asked.client.get_client_id()))
        return given.issuperset(allowed(asked.client, signed.user, asked.scope.split()))

    def _remember(self, asked: Asked, signed: SignedIn) -> None:
        scopes = frozenset(allowed(asked.client, signed.user, asked.scope.split()))
        wait(sessions.consent(current.get().db, signed.user.id, asked.client.get_client_id(), scopes))

    def _used_up(self, given: dict[str, str]) -> bool:
        name = given["request_uri"].removeprefix(PUSHED)
        return wait(once.use_pushed(current.get().db, name, given["client_id"]))


def _is_recent(data: dict[str, str], after: str, signed: SignedIn) -> bool:
    """Whether the user signed in as lately as the client asks (OpenID Connect Core, 3.1.2.1)."""
    at = signed.at.timestamp()
    sent = int(after[:12]) if after.isascii() and after.isdigit() else 0
    if at >= sent >= time.time() - AGAIN.total_seconds():
        return True
    again = {"login", "select_account"} & {*data.get("prompt", "").split()}
    return not again and ("max_age" not in data or time.time() - at <= int(data["max_age"]))


def _page(request: Request, error: OAuth2Error) -> Response:
    """The error for the person: it may not go to an address that nobody has registered (RFC 6749, 4.1.2.1)."""
    sheet = Sheet(request, dict(request.query_params))
    told = f"{error.error}: {error.get_error_description()}"
    return sheet.shown(sheet.words["refused_title"], sheet.part("refused", told=told), status=400)
