"""npm openid-client and oauth4webapi complete every flow against ``hub serve``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients import install, needs_node, patient, run
from tests.clients.hub_server import Hub
from tests.clients.oauth.registration import KINDS, registered

pytestmark = [pytest.mark.outside, needs_node, patient]


@pytest.mark.parametrize(("library", "checks"), [("openid_client", 71), ("oauth4webapi", 74)])
async def test_every_flow_passes(library: str, checks: int, plain_hub: Hub, plain_url: str, tmp_path: Path) -> None:
    await install()
    partners = await registered(plain_hub, plain_url, tmp_path, *KINDS)
    results = json.loads(await run("node", "--no-warnings", "oauth/flows.mjs", library, partners.as_json()))
    assert not results["failed"], json.dumps(results["failed"], indent=1)
    # So that no check vanishes.
    assert len(results["passed"]) == checks
