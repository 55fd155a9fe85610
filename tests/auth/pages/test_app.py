"""The hub's app serves the pages; a process with a part of the graph does not."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from hub.app import build
from hub.errors import BadSetting
from hub.settings import Settings

KEY = base64.b64encode(b"k" * 32).decode()


def settings(database_url: str, issuers_file: Path | None = None) -> Settings:
    return Settings(
        database_url=database_url,
        pii_keys=(SecretStr(KEY),),
        secret_key=SecretStr("s" * 40),
        issuers_file=issuers_file,
    )


async def status(database_url: str, subgraph: str | None = None) -> int:
    app = build(settings(database_url), subgraph)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http,
    ):
        shown = await http.get("/oauth/login")
        if shown.is_success:
            # The middleware keeps the page's own headers.
            assert "form-action 'self'" in shown.headers["content-security-policy"]
            assert shown.headers["referrer-policy"] == "same-origin"
        return shown.status_code


async def test_the_merged_graph_serves_pages_and_a_subgraph_none(database_url: str) -> None:
    assert await status(database_url) == 200
    assert await status(database_url, "payments") == 404


async def test_a_wrong_file_of_issuers_stops_the_start(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "issuers.toml"
    file.write_text("[[issuers]]\n")
    with pytest.raises(BadSetting, match="HUB_ISSUERS_FILE is wrong at issuers"):
        build(settings(database_url, file))
