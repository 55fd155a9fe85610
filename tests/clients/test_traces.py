"""A trace of a client goes on through Hive Gateway into each subgraph that answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests import otlp_receiver
from tests.clients import install, needs_node, patient
from tests.clients.composition import NAMES, composed
from tests.clients.gateways import hive_gateway
from tests.clients.hub_server import TOKEN, Hub
from tests.waits import wait_until

pytestmark = [pytest.mark.outside, needs_node, patient]

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ASKED = ("complaints", "payments")
"""The subgraphs that the query needs; the others are composed in, and do not run."""
QUERY = "query Both { complaints(first: 1) { totalCount } payments(first: 1) { totalCount } }"


async def test_a_trace_goes_through_the_gateway(database_url: str, tmp_path: Path) -> None:
    await install()
    hub = Hub.of(tmp_path, database_url)
    await hub.command("migrate")
    async with otlp_receiver.collecting() as collector:
        traced = replace(hub, environment={**hub.environment, **otlp_receiver.variables(collector.url)})
        async with traced.serve(**{name: {"--subgraph": name} for name in ASKED}) as urls:
            supergraph = tmp_path / "supergraph.graphql"
            supergraph.write_text((await composed(hub, NAMES, urls, tmp_path))["guild"].supergraph or "")
            async with hive_gateway(supergraph) as url, httpx.AsyncClient(trust_env=False, timeout=60) as client:
                headers = {"Authorization": f"Bearer {TOKEN}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
                answer = (await client.post(f"{url}/graphql", json={"query": QUERY}, headers=headers)).json()
            assert answer["data"] == {"complaints": {"totalCount": 0}, "payments": {"totalCount": 0}}

            async def joined() -> bool:
                spans = [span for span in collector.of(TRACE) if span.name == "POST /graphql"]
                return {span.service for span in spans} >= {"hub-complaints", "hub-payments"}

            await wait_until(joined, lambda: str(collector.spans))
    requests = [span for span in collector.of(TRACE) if span.name == "POST /graphql"]
    assert {span.parent for span in requests} == {PARENT}
    statements = [span for span in collector.of(TRACE) if "db.query.summary" in span.attributes]
    assert {span.service for span in statements} >= {"hub-complaints", "hub-payments"}
