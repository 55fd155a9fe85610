"""The differences between gateways and the one process that docs/federation.md documents."""

from __future__ import annotations

import pytest
from graphql import parse

from tests.clients import needs_node, patient
from tests.clients.federation.asking import asked, client, codes
from tests.clients.federation.gateway_limits import hive_drops_a_field
from tests.clients.hub_server import TOKEN

pytestmark = [pytest.mark.outside, needs_node, patient]

REPEATED = '{ agency(code: "DISHUB") { name @skip(if: true) name } }'
ALIASED = '{ agency(code: "DISHUB") { name @skip(if: true) again: name } }'


async def test_hive_drops_a_repeated_field(url: str, hive: str, apollo: str) -> None:
    assert [hive_drops_a_field(parse(query)) for query in (REPEATED, ALIASED)] == [True, False]
    async with client() as http:
        here, by_hive, by_apollo = [(await asked(http, each, None, REPEATED))["data"] for each in (url, hive, apollo)]
        others = [(await asked(http, each, None, ALIASED))["data"] for each in (url, hive)]
    assert here == by_apollo == {"agency": {"name": "Dinas Perhubungan"}}
    assert by_hive == {"agency": None}
    assert others[0] == others[1] == {"agency": {"again": "Dinas Perhubungan"}}


async def test_the_limits_are_those_of_each_request(url: str, gateway: str) -> None:
    """A gateway sends the parts of an operation that is too large as a whole."""
    query = "{ " + " ".join(f'x{n}: agency(code: "DISHUB") {{ name }}' for n in range(16))
    query += " ".join(f" y{n}: systems {{ title }}" for n in range(16)) + " }"
    async with client() as http:
        here, there = [await asked(http, each, TOKEN, query) for each in (url, gateway)]
    assert codes(here) == {("TOO_MANY_ALIASES", None)}
    assert codes(there) == set()
    assert len(there["data"]) == 32
