"""The server audit of npm ``graphql-http`` on the hub as it is served."""

from __future__ import annotations

import json

import pytest

from tests.clients import install, needs_node, patient, run

pytestmark = [pytest.mark.outside, needs_node, patient]


async def test_graphql_over_http_audit_of_the_served_hub_passes_in_full(url: str) -> None:
    await install()
    told = json.loads(await run("node", "audit.mjs", f"{url}/graphql"))
    assert told == {"audits": 61, "failed": []}
