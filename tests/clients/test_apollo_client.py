"""Apollo Client's cache joins the pages of a list by the rules of Relay."""

from __future__ import annotations

import json
from math import ceil

import pytest

from tests.clients import install, needs_node, patient, run
from tests.clients.hub_server import TOKEN, data

ALL = """
{ complaints(first: 100, filter: {status: [IN_PROGRESS], channel: [WHATSAPP]}, orderBy: RECEIVED_ASC) {
  totalCount edges { node { ticket } } } }
"""

pytestmark = [pytest.mark.outside, needs_node, patient]


async def test_apollo_client_reads_a_list_to_its_end(url: str) -> None:
    await install()
    result = json.loads(await run("node", "apollo.mjs", f"{url}/graphql", TOKEN))
    first = (await data(url, ALL))["complaints"]
    assert (
        result["total"]
        == first["totalCount"]
        == len(result["tickets"])
        == len(set(result["tickets"]))
        == result["cached"]
    )
    assert result["tickets"][:100] == [edge["node"]["ticket"] for edge in first["edges"]]
    assert result["asked"] == ceil(result["total"] / 100) > 3
