"""The server audit of npm ``graphql-http``, over a real port."""

from __future__ import annotations

import json

import pytest

from tests.api.graph_app import build
from tests.clients import install, needs_node, run
from tests.serving import serve


@pytest.mark.outside
@needs_node
async def test_graphql_over_http_audit_passes_in_full() -> None:
    await install()
    async with serve(build()) as url:
        results = json.loads(await run("node", "audit.mjs", f"{url}/graphql"))
    assert results == {"audits": 61, "failed": []}
