"""npm openid-client and oauth4webapi run every flow against ``hub serve`` and find nothing to complain about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients import install, needs_node, patient, run
from tests.clients.oauth.registering import KINDS, registered
from tests.clients.running import Hub

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.mark.parametrize(("library", "checks"), [("openid_client", 71), ("oauth4webapi", 74)])
async def test_every_flow_holds(library: str, checks: int, plain_hub: Hub, plain_url: str, tmp_path: Path) -> None:
    await install()
    partners = await registered(plain_hub, plain_url, tmp_path, *KINDS)
    told = json.loads(await run("node", "--no-warnings", "oauth/flows.mjs", library, partners.told()))
    assert not told["failed"], json.dumps(told["failed"], indent=1)
    # So that no check vanishes.
    assert len(told["passed"]) == checks
