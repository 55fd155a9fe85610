"""The console in headless Chromium, used as an officer uses it; axe-core finds nothing on any page."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hub.app import build
from hub.auth import passwords
from hub.store.oauth import users
from tests.api.test_pages_in_browser import CHROMIUM, needs_chromium
from tests.clients import install, needs_node, patient, run
from tests.fake_connector import payment, permit, report
from tests.pages.console.conftest import SCOPES
from tests.pages.test_pages_in_browser import LARGEST, WITHIN
from tests.schema.harness import CAUSE, CONFIRMED, DELIVERED, MATTERS, Stage
from tests.serving import serve

PASSWORD = "kata-sandi-yang-panjang"


@pytest.fixture
async def bad_day(stage: Stage) -> Stage:
    """The fake system is down, deliveries to it are blocked, items are in quarantine, and permits disagree."""
    await stage.pull(payment("P1"), report("1"), permit("I-1"), permit("I-2"), payment("P2", status="NEW"))
    await stage.complaints("ASSIGNED", [{"payment_reference": "P1", "tracking_id": "1"}, {}, {}])
    for statement in (DELIVERED, CONFIRMED, MATTERS):
        await stage.run(statement)
    await stage.run("update deliveries set trouble = 'Unknown institution of the disposition'")
    await stage.run(
        "update systems set down_since = now() - interval '3 hours', trouble = 'connection refused' where name = 'fake'"
    )
    async with stage.database.write(CAUSE) as db:
        hashed = await passwords.hash_password(PASSWORD)
        await users.create(db, "u_dian", "OFFICER", username="dian", scopes=SCOPES, password_hash=hashed)
    return stage


@pytest.mark.outside
@needs_node
@needs_chromium
@patient
async def test_an_officer_walks_through_a_bad_day(
    bad_day: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await install()
    monkeypatch.setenv("HUB_TEST_OFFICER", f"dian:{PASSWORD}")
    pictures = [os.environ["HUB_TEST_PICTURES"]] if "HUB_TEST_PICTURES" in os.environ else []
    async with serve(build(bad_day.settings), lifespan="on") as url:
        profile = str(tmp_path / "profile")
        seen = json.loads(await run("node", "console.mjs", url, CHROMIUM, profile, *pictures, seconds=WITHIN))
    assert seen["violations"] == []
    assert seen["overflows"] == []
    assert seen["hosts"] == [url.removeprefix("http://")]
    assert max(seen["sizes"].values()) < LARGEST
    # The form without a choice is refused.
    assert seen["complaints"] == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]
    assert (seen["login"], seen["arrived"]) == ("/oauth/login", "/console/pengiriman?state=BLOCKED")
    assert (seen["asked"], seen["done"]) == ("Send again?", "3 deliveries are sent again.")
    assert (seen["keys"], seen["typed"], seen["live"]) == (True, "gs/?", 1)
    assert seen["errors"] == ["Choose at least one row."]
    assert seen["after"] == "/oauth/login"
