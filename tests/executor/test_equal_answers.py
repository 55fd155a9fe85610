"""A plan gives the results of graphql-core: random operations with random faults of resolvers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from graphql import DocumentNode, parse, print_ast, validate

from hub.executor import Executor
from tests.executor import shop
from tests.executor.comparing import answer, by_graphql_core, by_plan
from tests.executor.operations import Values, random_operation
from tests.executor.reducing import reduce_document

SCHEMA = shop.schema()
VALUES: Values = {
    "Range.to": lambda random: random.randint(1, 9),
    "Query.book.id": lambda random: random.choice(["1", "2"]),
}
VALIDATED = 50
"""One in this many operations is validated, because that takes longer than to run it."""


async def _compare(seed: int, executor: Executor, *, mutation: bool = False) -> None:
    random = Random(seed)
    text, variables = random_operation(SCHEMA, random, values=VALUES, mutation=mutation)
    world = shop.World(random.randint(0, 99), random.choice([0, 1, 4]))
    document = parse(text)
    assert seed % VALIDATED or validate(SCHEMA, document) == [], text

    async def differs(document: DocumentNode) -> bool:
        expected = await by_graphql_core(SCHEMA, document, variables, world)
        own_world = replace(world, unawaited=0)
        found = await by_plan(executor, SCHEMA, document, variables, own_world)
        assert not own_world.unawaited
        return answer(found) != answer(expected)

    if await differs(document):
        reduced = await reduce_document(SCHEMA, document, differs)
        pytest.fail(f"seed {seed}, {world}, {variables}\n{print_ast(reduced)}")


async def test_random_queries() -> None:
    for seed in range(200):
        await _compare(seed, Executor(SCHEMA, shop.resolver_of))


async def test_random_mutations() -> None:
    for seed in range(50):
        await _compare(seed, Executor(SCHEMA, shop.resolver_of), mutation=True)


@pytest.mark.whole
@pytest.mark.timeout(1800)
async def test_twenty_thousand_random_queries() -> None:
    for seed in range(20_000):
        await _compare(seed, Executor(SCHEMA, shop.resolver_of))


async def test_difference_is_reduced() -> None:
    text = (
        "query O($n: Int) { number book(id: 1) { id next(by: $n) { pages name } } ...F } fragment F on Query { text }"
    )

    async def differs(document: DocumentNode) -> bool:
        return "pages" in print_ast(document)

    reduced = await reduce_document(SCHEMA, parse(text), differs)
    assert " ".join(print_ast(reduced).split()) == "query O($n: Int) { book(id: 1) { next { pages } } }"
