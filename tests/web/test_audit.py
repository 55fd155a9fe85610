"""The server audit of npm ``graphql-http``, over a real port."""

from __future__ import annotations

import json

import pytest

from tests.clients import install, needs_node, run
from tests.serving import serve
from tests.web.conftest import build


@pytest.mark.outside
@needs_node
async def test_graphql_over_http_audit_passes_in_full() -> None:
    await install()
    async with serve(build()) as url:
        told = json.loads(await run("node", "audit.mjs", f"{url}/graphql"))
    assert told == {"audits": 61, "failed": []}
