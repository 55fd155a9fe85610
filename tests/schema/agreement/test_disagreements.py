"""The list of disagreements: its filters and its order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.schema.agreement.agreement import Agreement
from hub.store.database import record_statements
from tests.fake_connector import permit
from tests.schema.agreement.conftest import Centre, Registers
from tests.schema.harness import OFFICER

QUERY = """query($filter: DisagreementFilter, $order: DisagreementOrderBy! = SINCE_ASC) {
    disagreements(filter: $filter, orderBy: $order) {totalCount nodes {sides {externalId}}}}"""


async def _found(registers: Registers, **variables: Any) -> list[str]:
    data = (await registers.got(QUERY, **variables))["disagreements"]
    assert data["totalCount"] == len(data["nodes"])
    return [node["sides"][0]["externalId"] for node in data["nodes"]]


@pytest.fixture
async def filled(registers: Registers) -> Registers:
    """Two that differ in different ways, one that only the centre has, and one that agrees."""
    await registers.differ("I-1", agency="DISHUB", area="33.74", sector="EDUCATION")
    await registers.end_deliveries("BLOCKED")
    await registers.differ("I-2", agency="DINKES", area="33.72", sector="COOPERATIVES")
    await registers.say(Centre, permit("I-3", authority="CENTRE"))
    await registers.stage.run("update matters set since = '2025-12-01' where left_id = 'I-2'")
    return registers


async def test_the_oldest_disagreement_is_first(filled: Registers) -> None:
    assert await _found(filled) == ["I-2", "I-3", "I-1"]
    assert await _found(filled, order="SINCE_DESC") == ["I-1", "I-3", "I-2"]


CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"pair": ["permit"]}, {"I-1", "I-2", "I-3"}),
    ({"pair": ["report"]}, set()),
    ({"field": ["status"]}, {"I-1", "I-2"}),
    ({"field": ["issuedOn"]}, set()),
    ({"cause": ["NOT_TOLD"]}, {"I-1", "I-2", "I-3"}),
    ({"cause": ["CONFLICT"]}, set()),
    ({"state": ["DIFFERS"]}, {"I-1"}),
    ({"state": ["PENDING"]}, {"I-2"}),
    ({"state": ["ONE_SIDED"]}, {"I-3"}),
    ({"state": ["AGREED"]}, set()),
    ({"agency": ["DISHUB"], "state": ["DIFFERS", "PENDING"]}, {"I-1"}),
    ({"area": ["33.72"]}, {"I-2"}),
    ({"sector": ["COOPERATIVES"]}, {"I-2"}),
    ({"authority": ["CENTRE"]}, {"I-1", "I-2", "I-3"}),
    ({"authority": ["PROVINCE"]}, set()),
    ({"olderThan": "2026-01-02T00:00:00Z"}, {"I-2", "I-3"}),
    ({"system": ["region"]}, {"I-1", "I-2", "I-3"}),
    ({"system": ["fake"]}, set()),
    ({"ignored": True}, set()),
    ({"ignored": False}, {"I-1", "I-2", "I-3"}),
]


async def test_each_condition_selects(filled: Registers) -> None:
    found = [(conditions, set(await _found(filled, filter=conditions))) for conditions, _ in CASES]
    assert found == CASES


async def test_pages_follow_each_other(filled: Registers) -> None:
    query = """query($after: String) {disagreements(first: 1, after: $after) {
        nodes {id} pageInfo {hasNextPage endCursor}}}"""
    seen, after = [], None
    for _ in range(3):
        page = (await filled.got(query, after=after))["disagreements"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert len({node["id"] for node in seen}) == 3
    assert not page["pageInfo"]["hasNextPage"]


async def test_an_agreement_is_found_by_an_index(registers: Registers) -> None:
    made = """insert into matters (pair, left_system, right_system, key, left_id, state, since, declaration)
        select 'permit', 'centre', 'region', n::text, n::text, 'ONE_SIDED', now(), 'x'
        from generate_series(1, 5000) n"""
    await registers.stage.run(made)
    await registers.stage.run("analyze matters")
    id_ = Agreement.id_of(("hub", "17"))
    query = "query($id: ID!) {node(id: $id) {... on Agreement {sides {externalId}}}}"
    with record_statements() as statements:
        found = await registers.got(query, replace(OFFICER, name="counted"), id=id_)
    assert found["node"]["sides"][0]["externalId"]
    (statement,) = [each for each in statements if "matters" in each]
    assert "CAST(matters.id AS TEXT)" in statement
    plan = await registers.stage.rows("explain select from matters where cast(id as text) = '17'::varchar")
    assert "matters_ref" in str(plan)
