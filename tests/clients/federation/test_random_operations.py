"""Thousands of random operations of several viewers: through a gateway the data and the codes are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest
from graphql import DocumentNode, FieldNode, Visitor, parse, print_ast, validate, visit

from hub.schema.graph import schema
from tests.clients import needs_node, patient
from tests.clients.federation.asking import asked, client, compared
from tests.clients.federation.gateway_limits import hive_drops_a_field
from tests.clients.federation.known_values import Known
from tests.clients.hub_server import TOKEN
from tests.executor.operations import Values, random_operation
from tests.executor.reducing import reduce_document, without_unused_variables

pytestmark = [pytest.mark.outside, needs_node, patient]

SCHEMA = schema()._schema
SKIPPED = frozenset({
    # These change from one answer to the next: with the time, or with what another operation reads.
    "System.lagSeconds", "OperatorIssue.since", "Query.auditEvents", "Complaint.accessLog",
    "RegisteredClient.used", "RegisteredClient.useByDay", "OwnClient.used",
    "Query._entities", "Query._service",
})  # fmt: skip
DEPTH, FIELDS = 4, 5
MAX_ALIASES = 30
"""The hub's limit; a gateway has none, and writes other aliases."""
IN_FLIGHT = 6
SHOWN = 3
"""Differences that are reduced and printed."""


class Operation(NamedTuple):
    """A document, its variables and the token of who sends it."""

    text: str
    variables: dict[str, Any]
    token: str | None


def _operations(values: Values, tokens: list[str | None], hive: bool) -> Iterator[Operation]:
    for seed in count():
        random = Random(seed)
        text, variables = random_operation(SCHEMA, random, depth=DEPTH, fields=FIELDS, values=values, skipped=SKIPPED)
        document = parse(text)
        if _alias_count(document) <= MAX_ALIASES and not (hive and hive_drops_a_field(document)):
            yield Operation(text, variables, random.choice(tokens))


def _alias_count(document: DocumentNode) -> int:
    class Aliases(Visitor):
        found = 0

        def enter_field(self, node: FieldNode, *_: object) -> None:
            self.found += node.alias is not None

    visitor = Aliases()
    visit(document, visitor)
    return visitor.found


@pytest.mark.parametrize(("name", "operation_count"), [("hive", 2_000), ("apollo", 200)])
async def test_random_operations(
    request: pytest.FixtureRequest, url: str, found: Known, partner: str, name: str, operation_count: int
) -> None:
    gateway = request.getfixturevalue(name)
    operations = _operations(found.values(), [TOKEN, TOKEN, None, partner], name == "hive")
    waiting = islice(operations, operation_count)
    different, with_data = [], 0
    async with client() as http:

        async def ask_some() -> None:
            nonlocal with_data
            for operation in waiting:
                here, there = await _both(http, url, gateway, operation)
                with_data += any(isinstance(value, dict | list) for value in (here["data"] or {}).values())
                if compared(here) != compared(there):
                    different.append(operation)

        await asyncio.gather(*(ask_some() for _ in range(IN_FLIGHT)))
        shown = [await _reduced(http, url, gateway, operation) for operation in different[:SHOWN]]
    assert not different, f"{len(different)} differ\n" + "\n\n".join(shown)
    assert with_data > operation_count * 0.4


async def _both(http: httpx.AsyncClient, url: str, gateway: str, operation: Operation) -> list[Any]:
    text, variables, token = operation
    return await asyncio.gather(*(asked(http, each, token, text, variables) for each in (url, gateway)))


async def _reduced(http: httpx.AsyncClient, url: str, gateway: str, operation: Operation) -> str:
    """Return a small operation with different answers, and the answers."""

    async def answers(document: DocumentNode) -> list[Any]:
        return await _both(http, url, gateway, operation._replace(text=_sent(document)))

    async def differs(document: DocumentNode) -> bool:
        if "{}" in _sent(document) or validate(SCHEMA, parse(_sent(document))):
            return False
        here, there = await answers(document)
        return compared(here) != compared(there)

    document = await reduce_document(SCHEMA, parse(operation.text), differs)
    return "\n".join(map(str, [_sent(document), operation.variables, operation.token, *await answers(document)]))


def _sent(document: DocumentNode) -> str:
    return print_ast(without_unused_variables(document))
