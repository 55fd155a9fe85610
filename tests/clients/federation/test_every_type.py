"""Each gateway is asked for every field of every type, and for every link in both directions, with equal answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from graphql import GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, is_leaf_type, parse, visit
from graphql.language.ast import FieldNode

from hub.schema.graph import schema
from hub.schema.links import LINKS
from tests.api.streams.harness import upcoming
from tests.clients import needs_node, patient
from tests.clients.federation.asking import asked, client, codes, compared, subscribed
from tests.clients.federation.covering import FEDERATION, Covering
from tests.clients.federation.known_values import Known
from tests.clients.hub_server import TOKEN

pytestmark = [pytest.mark.outside, needs_node, patient]

SCHEMA = schema()._schema
WRITTEN = frozenset({"Query.auditEvents", "Complaint.accessLog"})
"""Fields that show who read what; `test_what_reading_writes_is_the_same` asks for them."""
CHANGING = frozenset({"System.lagSeconds", "OperatorIssue.since", *WRITTEN})
"""Fields whose values change between two answers: with the time, or by reading other fields."""
UNKNOWN = {"String": lambda _: "unknown-key", "ID": lambda _: "unknown", "JSON": lambda _: {}}
"""Arguments with which every mutation is refused, by a typed result: so it can be sent twice."""
UNSEEN = frozenset({
    # Of officers and partners who signed in, and of registered webhooks.
    "Account", "AccountApplication", "AccountSession", "OwnClient", "ClientStream", "ClientDay", "Officer",
    "RegisteredDocument", "Webhook", "WebhookIssue", "WebhookDelivery", "WebhookAttempt",
    # What a worker writes, and what needs days of it.
    "AgreementDay", "DeliveryAttempt", "DeliveryGroup", "HubFeedReader", "SystemIssue", "SystemSample",
    # Disagreements that the demonstration does not have.
    "AgreementValue", "FieldDifference",
    "Attachment",
})  # fmt: skip
"""Types of which the filled hub has nothing: they are asked for, and the answers are empty."""
UNSEEN_LINKS = frozenset({"Complaint.claims", "Business.payments", "Business.procurementOrders"})


@pytest.fixture(scope="module")
def covering(found: Known) -> Covering:
    return Covering(SCHEMA, found.values(), found.ids, CHANGING)


@pytest.fixture(scope="module")
async def expected(url: str, covering: Covering) -> dict[str, Any]:
    """The answers of the one process, by query."""
    async with client() as http:
        return {query: await asked(http, url, TOKEN, query) for query in covering.queries()}


class _Asked(Visitor):
    """Collects the fields of documents, as ``Type.field``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.types = TypeInfo(SCHEMA)

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self.types.get_parent_type()
        assert parent
        self.found.add(f"{parent.name}.{node.name.value}")


def _fields_of(documents: Iterable[str]) -> set[str]:
    visitor = _Asked()
    for document in documents:
        visit(parse(document), TypeInfoVisitor(visitor.types, visitor))
    return visitor.found


def test_every_field_of_every_type_is_asked_for(covering: Covering) -> None:
    mutations = Covering(SCHEMA, UNKNOWN, {}, CHANGING).mutations()
    types = {name: type_ for name, type_ in SCHEMA.type_map.items() if isinstance(type_, GraphQLObjectType)}
    every = {f"{name}.{field}" for name in types if not name.startswith("_") for field in types[name].fields}
    asked_for = _fields_of([*covering.queries(), *mutations, *covering.subscriptions()])
    left = every - asked_for - CHANGING - FEDERATION
    assert {field for field in left if not field.startswith(("AuditEvent", "AccessLogEntry"))} == set()


def _seen(value: Any, found: set[str]) -> set[str]:
    """Add types and fields that have a value in an answer, as ``Type`` and ``Type.field``."""
    for each in value if isinstance(value, list) else ():
        _seen(each, found)
    # A JSON scalar has no type.
    if isinstance(value, dict) and "__typename" in value:
        found.add(value["__typename"])
        filled = {name for name, below in value.items() if below and (not isinstance(below, dict) or _full(below))}
        found |= {f"{value['__typename']}.{name}" for name in filled}
        for below in value.values():
            _seen(below, found)
    return found


def _full(value: dict[str, Any]) -> bool:
    return "nodes" not in value or bool(value["nodes"])


def test_every_type_and_link_has_values(covering: Covering, expected: dict[str, Any]) -> None:
    found: set[str] = set()
    for answer in expected.values():
        _seen(answer["data"], found)
    assert set(covering.paths) - found <= UNSEEN
    links = {f"{link.source.__name__}.{link.field}" for link in LINKS}
    assert links - found <= UNSEEN_LINKS


async def test_every_query_is_the_same(url: str, gateway: str, covering: Covering) -> None:
    waiting = covering.queries()
    different = []
    async with client() as http:

        async def ask_some() -> None:
            for query in waiting:
                here, there = await asyncio.gather(*(asked(http, each, TOKEN, query) for each in (url, gateway)))
                if compared(here) != compared(there):
                    different.append(query)

        await asyncio.gather(*(ask_some() for _ in range(4)))
    assert different == []


async def test_every_mutation_is_the_same(url: str, gateway: str) -> None:
    async with client() as http:
        for mutation in Covering(SCHEMA, UNKNOWN, {}, CHANGING).mutations():
            here, there = [await asked(http, each, TOKEN, mutation) for each in (url, gateway)]
            assert compared(there) == compared(here), mutation
            assert codes(here) == set(), mutation
            (result,) = here["data"].values()
            assert not result["__typename"].endswith("Payload"), mutation


async def test_every_subscription_is_the_same(url: str, hive: str, covering: Covering) -> None:
    """Apollo Gateway, the library, has none."""
    for subscription in covering.subscriptions():
        first = []
        for each in (url, hive):
            async with subscribed(each, {"query": subscription}) as events:
                first.append((await upcoming(events)).data)
        assert compared(first[0]) == compared(first[1]), subscription
        assert all(first[0]["data"].values())


async def test_what_reading_writes_is_the_same(url: str, gateway: str, found: Known) -> None:
    """To read the audit trail adds to it, so it is read up to one time."""
    below = {name: " ".join(_leaves(name)) for name in ("AuditEvent", "AccessLogEntry")}
    query = f"""query ($ids: [ID!]!, $to: DateTime!) {{
        auditEvents(first: 20, filter: {{to: $to}}) {{ nodes {{ {below["AuditEvent"]} }} }}
        nodes(ids: $ids) {{ ... on Complaint {{ accessLog {{ {below["AccessLogEntry"]} }} }} }} }}"""
    async with client() as http:
        newest = await asked(http, url, TOKEN, "{ auditEvents(first: 1) { nodes { at } } }")
        variables = {"ids": found.ids["Complaint"][:50], "to": newest["data"]["auditEvents"]["nodes"][0]["at"]}
        here, there = [await asked(http, each, TOKEN, query, variables) for each in (url, gateway)]
    assert compared(there) == compared(here)
    assert here["data"]["auditEvents"]["nodes"]
    assert any(node["accessLog"] for node in here["data"]["nodes"])


def _leaves(name: str) -> list[str]:
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    assert all(is_leaf_type(get_named_type(field.type)) for field in type_.fields.values())
    return list(type_.fields)
