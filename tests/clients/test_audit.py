"""The audit of npm ``graphql-http`` for the running hub."""

from __future__ import annotations

import json

import pytest

from tests.clients import install, needs_node, patient, run

pytestmark = [pytest.mark.outside, needs_node, patient]


async def test_the_served_hub_passes_the_graphql_over_http_audit(url: str) -> None:
    await install()
    results = json.loads(await run("node", "audit.mjs", f"{url}/graphql"))
    assert results == {"audits": 61, "failed": []}
