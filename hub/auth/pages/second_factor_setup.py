"""Setting up a second factor: the secret for an authenticator app, its first code, and recovery codes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth import totp
from hub.auth.pages.context import PageContext, cause, invalid_form, return_url
from hub.auth.pages.csrf import CsrfError
from hub.auth.pages.second_factor import INVALID, SUMMARY
from hub.auth.pages.sign_in_flow import SECOND_FACTOR_SETUP_URL, PendingSignIn, SignInFlow
from hub.auth.pages.totp_secrets import TotpSecrets
from hub.auth.server.rendering import Html, PageRenderer, fill, html_list
from hub.auth.server.sessions import LOGIN
from hub.store import audit
from hub.store.oauth import second_factors, sessions, users

MAX_SIGN_IN_AGE = 600
"""Seconds after a sign-in for which the second factor may be changed without signing in again."""
NAME = "Simpul"
_PENDING = "pending"


@dataclass(frozen=True, slots=True)
class SetupSession:
    """Who sets up a second factor, and the session that keeps the secret until its first code is entered."""

    sign_in: PendingSignIn
    session: str
    pending: bytes | None


class SecondFactorSetupPage:
    """``/oauth/second/setup``, for a user who must have a second factor, and for a signed-in user."""

    def __init__(self, context: PageContext, flow: SignInFlow, secrets: TotpSecrets) -> None:
        self._context, self._flow, self._secrets = context, flow, secrets

    async def __call__(self, request: Request) -> Response:
        """Show the page, or check the first code."""
        async with self._context.database.read() as db:
            setup = await self._session(db, request)
        if setup is None:
            return RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        if request.method != "POST":
            return await self._start(request, setup)
        try:
            fields = await self._context.forms.read(request)
        except CsrfError:
            return invalid_form(request)
        return await self._confirm(request, setup, fields)

    async def _session(self, db: AsyncConnection, request: Request) -> SetupSession | None:
        """Return None if the user must sign in first. An existing factor is replaced only after it was entered."""
        pending = await self._flow.pending(db, request)
        if pending and self._flow.must_set_up(pending.user):
            return await _load(db, pending, pending.secret)
        cookie = request.cookies.get(self._context.sessions.cookie)
        signed = await self._context.sessions.signed_in(db, request)
        if cookie is None or signed is None or signed.user.kind != "OFFICER":
            return None
        if signed.at.timestamp() < time.time() - MAX_SIGN_IN_AGE:
            return None
        return await _load(db, PendingSignIn("", signed.user, "setup", ""), cookie)

    async def _start(self, request: Request, setup: SetupSession) -> Response:
        user_id = setup.sign_in.user.id
        if setup.pending:
            return self._page(request, setup, self._secrets.decrypt(user_id, setup.pending))
        secret = totp.generate_secret()
        async with self._context.database.write(cause(request, "second:setup", user_id)) as db:
            found = await sessions.find(db, setup.session)
            state = {**(found.state if found else {}), _PENDING: self._secrets.encrypt(user_id, secret).hex()}
            await sessions.save_state(db, setup.session, state)
        return self._page(request, setup, secret)

    async def _confirm(self, request: Request, setup: SetupSession, fields: Mapping[str, str]) -> Response:
        user = setup.sign_in.user
        if setup.pending is None:
            return RedirectResponse(SECOND_FACTOR_SETUP_URL, 303, {"Cache-Control": "no-store"})
        step = self._secrets.find_step(user.id, setup.pending, fields.get("code", ""))
        if step is None:
            return self._page(request, setup, self._secrets.decrypt(user.id, setup.pending), "wrong_code")
        codes = totp.generate_recovery_codes()
        response = self._recovery_page(request, codes, return_url(setup.sign_in.back))
        async with self._context.database.write(cause(request, "second:setup", user.id)) as db:
            await second_factors.save(db, user.id, setup.pending, step, map(totp.normalize_recovery_code, codes))
            # Earlier grants were made without the second factor.
            await users.end_access(db, user.id)
            await audit.record(db, "users:set-up-second-factor", f"user:{user.id}")
            return await self._flow.complete(
                db, request, replace(setup.sign_in, method=f"{setup.sign_in.method}+totp"), response
            )

    def _page(self, request: Request, setup: SetupSession, secret: str, problem: str = "") -> Response:
        renderer = PageRenderer(request)
        csrf_secret, token = self._context.forms.issue(request)
        user = setup.sign_in.user
        body = renderer.render(
            "setup",
            summary_box=fill(SUMMARY, {**renderer.texts, "text": renderer.texts[problem]}) if problem else Html(""),
            flawed=INVALID if problem else Html(""),
            why=renderer.texts["setup_required" if self._flow.must_set_up(user) else "setup_why"],
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            uri=totp.provisioning_uri(secret, NAME, user.username or user.id),
            form=token,
        )
        title = renderer.texts["setup_title"]
        title = f"{renderer.texts['error']}: {title}" if problem else title
        response = renderer.page(title, body, status=400 if problem else 200)
        self._context.forms.set_cookie(response, csrf_secret)
        return response

    def _recovery_page(self, request: Request, codes: list[str], url: str) -> Response:
        renderer = PageRenderer(request)
        body = renderer.render("recovery", codes=html_list(codes), url=url)
        return renderer.page(renderer.texts["recovery_title"], body)


async def _load(db: AsyncConnection, sign_in: PendingSignIn, session: str) -> SetupSession:
    found = await sessions.find(db, session)
    pending = found.state.get(_PENDING) if found else None
    return SetupSession(sign_in, session, bytes.fromhex(pending) if pending else None)
