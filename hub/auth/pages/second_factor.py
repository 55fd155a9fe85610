"""The second factor at sign-in: a code of an authenticator app, or a recovery code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.auth import totp
from hub.auth.pages.context import PageContext, cause, invalid_form, rate_limited
from hub.auth.pages.csrf import CsrfError
from hub.auth.pages.sign_in_flow import PendingSignIn, SignInFlow
from hub.auth.pages.totp_secrets import TotpSecrets
from hub.auth.server.rendering import Html, PageRenderer, fill
from hub.auth.server.sessions import LOGIN
from hub.errors import RateLimited
from hub.store import audit
from hub.store.oauth import second_factors, sign_in_attempts

SUMMARY = (
    '<div class="problem" role="alert" id="problem" tabindex="-1" autofocus><h2>$summary</h2>'
    '<p><a href="#code">$text</a></p></div>'
)
INVALID = Html(' aria-invalid="true" aria-describedby="problem"')


class SecondFactorPage:
    """``/oauth/second``. Used, wrong and delayed codes are refused alike."""

    def __init__(self, context: PageContext, flow: SignInFlow, secrets: TotpSecrets) -> None:
        self._context, self._flow, self._secrets = context, flow, secrets

    async def __call__(self, request: Request) -> Response:
        """Show the page, or check the second factor."""
        async with self._context.database.read() as db:
            pending = await self._flow.pending(db, request)
        if pending is None or not pending.user.second_factor:
            return RedirectResponse(LOGIN, 303, {"Cache-Control": "no-store"})
        if request.method != "POST":
            return self._page(request)
        try:
            fields = await self._context.forms.read(request)
            return await self._check(request, pending, fields)
        except CsrfError:
            return invalid_form(request)
        except RateLimited as error:
            self._context.count("second", "limited")
            return rate_limited(request, error)

    async def _check(self, request: Request, pending: PendingSignIn, fields: Mapping[str, str]) -> Response:
        user = pending.user
        name = user.username or user.id
        if not self._context.devices.is_known(request, name):
            await self._context.rates.secret_attempt("second", user.id)
        attempt_key = self._context.devices.attempt_key(request, "second", name)
        async with self._context.database.write(cause(request, "second", user.id)) as db:
            allowed = await sign_in_attempts.record_attempt(db, attempt_key)
            method = await self._use(db, user.id, fields) if allowed else None
            if method:
                await sign_in_attempts.reset(db, attempt_key)
                self._context.count("second", "ok")
                return await self._flow.complete(db, request, replace(pending, method=f"{pending.method}+{method}"))
            if allowed:
                await audit.record(db, "sign-in", f"user:{user.id}", refused=True, method=f"{pending.method}+second")
        self._context.count("second", "refused")
        return self._page(request, "wrong_code")

    async def _use(self, db: AsyncConnection, user_id: str, fields: Mapping[str, str]) -> str | None:
        """Return the kind of the second factor and mark it as used; None for a wrong one."""
        factor = await second_factors.get(db, user_id)
        if factor is None:
            return None
        step = self._secrets.find_step(user_id, factor.ciphertext, fields.get("code", ""))
        if step is not None and await second_factors.use_step(db, user_id, step):
            return "totp"
        recovery = totp.normalize_recovery_code(fields.get("recovery", ""))
        if recovery and await second_factors.use_recovery(db, user_id, recovery):
            return "recovery"
        await second_factors.record_failure(db, user_id)
        return None

    def _page(self, request: Request, problem: str = "") -> Response:
        renderer = PageRenderer(request)
        secret, token = self._context.forms.issue(request)
        summary = fill(SUMMARY, {**renderer.texts, "text": renderer.texts[problem]}) if problem else Html("")
        body = renderer.render("second", summary_box=summary, flawed=INVALID if problem else Html(""), form=token)
        title = renderer.texts["second_title"]
        title = f"{renderer.texts['error']}: {title}" if problem else title
        response = renderer.page(title, body, status=400 if problem else 200)
        self._context.forms.set_cookie(response, secret)
        return response
