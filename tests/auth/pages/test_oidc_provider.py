"""npm's oidc-provider as the outside issuer: people sign in through it, its tokens work, its keys are rotated."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hub.auth.issuer_config import IssuerRow, LoginRow
from hub.auth.oidc_login import OidcProvider
from hub.auth.trusted_issuers import InvalidToken, TrustedIssuers
from tests.auth.pages.conftest import empty
from tests.auth.pages.fake_openid_provider import A_KEY
from tests.auth.pages.harness import staged
from tests.auth.server.harness import ISSUER
from tests.clients import CLIENTS, install, needs_node

CALLBACK = f"{ISSUER}/oauth/outside/luar/callback"
COOLDOWN = 0.5

pytestmark = [pytest.mark.outside, needs_node]


class Outside:
    """The provider as a process; ``url`` is its issuer."""

    def __init__(self, process: Process, url: str) -> None:
        self._process, self.url = process, url

    async def rotate(self) -> None:
        """Replace its keys."""
        assert self._process.stdin
        self._process.stdin.write(b"now\n")
        assert await self.line() == "rotated now"

    async def line(self) -> str:
        assert self._process.stdout
        async with asyncio.timeout(20):
            return (await self._process.stdout.readline()).decode().strip()

    async def access_token(self) -> str:
        """Return a token of a client of its own."""
        async with httpx.AsyncClient(trust_env=False) as http:
            form = {"grant_type": "client_credentials", "scope": "read"}
            answer = await http.post(f"{self.url}/token", data=form, auth=("central", "a-secret-of-this-test"))
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])

    async def sign_in(self, url: str) -> str:
        """Sign in and consent on its pages; return the last redirect, as a path of the hub."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(url)
            while not answer.headers.get("location", "").startswith(ISSUER):
                answer = await self._next(http, answer)
        return httpx.URL(answer.headers["location"]).raw_path.decode()

    async def _next(self, http: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
        if answer.is_redirect:
            return await http.get(answer.url.join(answer.headers["location"]))
        assert answer.is_success, answer.text
        action = re.search(r'action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
        assert action, answer.text
        assert prompt, answer.text
        person = {"login": "warga-1", "password": "whatever"} if prompt[1] == "login" else {}
        return await http.post(answer.url.join(action[1]), data={"prompt": prompt[1], **person})


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Outside]:
    await install()
    command = ("node", "--no-warnings", "provider.mjs", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=CLIENTS, stdin=PIPE, stdout=PIPE)
    try:
        outside = Outside(process, "")
        outside.url = await outside.line()
        yield outside
    finally:
        process.terminate()
        await process.wait()


def login_row(url: str, key: Path) -> LoginRow:
    own = {"title_id": "Luar", "title_en": "Outside", "kind": "CITIZEN", "client_id": "hub", "client_key": key}
    ends = {"authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token", "jwks_uri": f"{url}/jwks"}
    row = {"name": "luar", "issuer": url, "algorithms": ["ES512"], "cooldown": COOLDOWN}
    return LoginRow.model_validate({**row, **own, **ends})


async def test_people_sign_in_before_and_after_a_key_rotation(pages_url: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(A_KEY.as_pem(private=True))
    published = OidcProvider(login_row("https://not.known.yet", key), CALLBACK).public_jwks()
    async with (
        running(CALLBACK, json.dumps(published), ISSUER) as outside,
        staged(pages_url, [login_row(outside.url, key)]) as stage,
    ):
        await empty(stage)
        for _ in range(2):
            begun = await stage.browser.get("/oauth/outside/luar")
            answer = await stage.browser.get(await outside.sign_in(begun.headers["location"]))
            assert (answer.status_code, answer.headers["location"]) == (303, "/oauth/account")
            await outside.rotate()
            await asyncio.sleep(COOLDOWN)
        assert await stage.rows("select issuer, subject, kind from identities join users on id = user_id") == [
            (outside.url, "warga-1", "CITIZEN")
        ]


async def test_access_tokens_work_before_and_after_a_key_rotation() -> None:
    async with running(CALLBACK, '{"keys": []}', ISSUER) as outside:
        row = {"name": "luar", "issuer": outside.url, "jwks_uri": f"{outside.url}/jwks", "algorithms": ["ES256"]}
        issuer = {"audience": ISSUER, "scopes": {"read": ["complaints:read"]}, "cooldown": COOLDOWN}
        issuers = TrustedIssuers([IssuerRow.model_validate({**row, **issuer})])
        before = await outside.access_token()
        assert (await issuers.verify(before)).client == "central"
        await outside.rotate()
        after = await outside.access_token()
        await asyncio.sleep(COOLDOWN)
        verified = await issuers.verify(after)
        assert (verified.partner, verified.scopes) == ("luar:central", frozenset({"complaints:read"}))
        with pytest.raises(InvalidToken):
            await issuers.verify(before)
