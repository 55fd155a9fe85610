"""The whole code flow in headless Chromium, with the keyboard only, in both languages."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.auth.pages.harness import PASSWORD, Stage, build_app
from tests.auth.server.harness import a_client
from tests.clients import install, needs_node, run
from tests.serving import serve


class Late:
    """An app that is built once its address is known."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def callback(request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>Done</title><link rel=icon href=data:,>")


@pytest.mark.outside
@needs_node
@needs_chromium
async def test_a_person_signs_in_and_consents_by_keyboard(stage: Stage, tmp_path: Path) -> None:
    await install()
    hub = Late()
    await stage.officer()
    pictures = [os.environ["HUB_TEST_PICTURES"]] if "HUB_TEST_PICTURES" in os.environ else []
    client_app = Starlette(routes=[Route("/callback", callback)])
    async with serve(hub) as url, serve(client_app) as client_url:
        hub.app = build_app(stage.database, url)
        back = f"{client_url}/callback"
        await stage.client(a_client("c_app", "client_secret_basic", redirect_uris=(back,), organisation="Diskominfo"))
        authorization_url = url + stage.authorization_path(redirect_uri=back)
        person = ("petugas", PASSWORD, CHROMIUM, str(tmp_path / "profile"))
        seen = json.loads(await run("node", "sign_in.mjs", url, authorization_url, *person, *pictures))
    # The one refused password is all the browser complains about: no policy was broken.
    assert seen["complaints"] == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
    assert set(seen["hosts"]) == {url.removeprefix("http://"), client_url.removeprefix("http://")}
    assert seen["titles"] == [
        "Masuk · Simpul",
        "Galat: Masuk · Simpul",
        "Beri izin · Simpul",
        "Give your consent · Simpul",
        "Your account · Simpul",
        "Sign in · Simpul",
    ]
    assert seen["languages"] == ["id", "id", "id", "en", "en", "en"]
    assert seen["tabs"] == [["Simpul", "English", "username"], ["Simpul", "Bahasa Indonesia", "account page", "allow"]]
    assert seen["problem"].startswith("Ada masalah")
    assert (seen["problem_focus"], seen["to_field"]) == ("problem", "username")
    assert seen["described"] == ["true", True]
    assert seen["scopes"][0] == "Know that you signed in"
    assert not seen["overflow"]
    for answer in (seen["answer"], seen["again"]):
        assert answer.startswith(f"{back}?code=")
    assert seen["revoked"].startswith("Your consent is withdrawn")
    assert seen["names"] == ["User name", "Password"]
