"""Random operations of random viewers over the hub's schema: both executors give the same answer."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    parse,
    print_ast,
)

from hub.auth.purposes import Purpose
from hub.auth.scopes import DESK_SCOPES
from hub.schema.agreement.agreement import Agreement
from hub.schema.complaints.agencies import Agency
from hub.schema.complaints.complaint import Complaint
from hub.schema.context import Context
from hub.schema.graph import schema
from hub.schema.payments import Payment
from hub.schema.reports import CentralReport
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from tests.executor.comparing import answer
from tests.executor.operations import Values, random_operation
from tests.executor.reducing import reduce_document
from tests.fake_connector import order, payment, permit, report
from tests.schema.executing import execute_by
from tests.schema.harness import CONFIRMED, DELIVERED, DISPUTED, MATTERS, OFFICER, SHARES, Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
"""graphql-core awaits no resolver beside one that failed."""

COLLECTED = 100
"""Garbage is collected after so many operations."""

SCHEMA = schema()
SKIPPED = frozenset(
    {
        # These change from one answer to the next: with the time, or with what the answer before has read.
        "System.lagSeconds",
        "Complaint.accessLog",
        "Complaint.trackingCode",
        "Query.auditEvents",
        "Query.changes",
        "Query._entities",
        "Query._service",
    }
)
IDS = [
    Payment.id_of(("fake", "P1")),
    CentralReport.id_of(("fake", "L2")),
    Complaint.id_of(("hub", "LG-2026-000001")),
    Agency.id_of(("hub", "DISHUB")),
    Payment.id_of(("fake", "none")),
    Agreement.id_of(("hub", "1")),
    "no id",
]
VALUES: Values = {
    "ID": lambda random: random.choice(IDS),
    "String": lambda random: random.choice(["DISHUB", "33.74", "fake", "P1", "L1", "LG-2026-000001", "bus", ""]),
    "Int": lambda random: random.choice([1, 2, 20, 0]),
    "Date": lambda random: random.choice(["2026-01-01", "2026-12-31"]),
    "DateTime": lambda random: random.choice(["2026-01-01T00:00:00Z", "2027-01-01T00:00:00+07:00"]),
    "Decimal": lambda random: random.choice(["1000", "4000.50"]),
}


def _viewer(random: Random) -> Viewer:
    scopes = frozenset(scope for scope in sorted(DESK_SCOPES) if random.random() < 0.8)
    kinds = [ViewerKind.OFFICER, ViewerKind.PARTNER, ViewerKind.CITIZEN]
    some = Viewer(random.choice(kinds), "tester", scopes, agency=random.choice([None, "DISHUB"]))
    return random.choice([ANONYMOUS, OFFICER, some, replace(some, ticket="LG-2026-000001", agency=None)])


@pytest.fixture(scope="module")
async def filled(shared: Stage) -> Stage:
    """Complaints in several statuses, with records of other systems."""
    await shared.pull(*(make(f"{letter}{n}") for n in range(4) for letter, make in _MAKERS.items()))
    each = [{"payment_reference": f"P{n}", "tracking_id": f"L{n}"} for n in range(3)]
    await shared.complaints("ASSIGNED", [*each, {"secret": True}, {"anonymous": True}])
    await shared.complaints("CLOSED", [{}])
    await shared.run(CONFIRMED)
    await shared.run(DELIVERED)
    for statement in (MATTERS, SHARES, DISPUTED):
        await shared.run(statement)
    return shared


_MAKERS = {"P": payment, "L": report, "O": order, "I": permit}


async def _compare(stage: Stage, seed: int) -> None:
    random = Random(seed)
    text, variables = random_operation(SCHEMA._schema, random, values=VALUES, skipped=SKIPPED)
    viewer, purpose = _viewer(random), random.choice([Purpose.HANDLING, None])

    async def executed(executor: str, document: DocumentNode) -> Any:
        shared = stage.database, viewer, stage.cipher, stage.settings.secret
        async with Context(*shared, request_id="test", purpose=purpose) as context:
            return await execute_by(executor, SCHEMA, print_ast(document), variables, context)

    async def differs(document: DocumentNode) -> bool:
        return answer(await executed("plan", document)) != answer(await executed("graphql-core", document))

    document = parse(text)
    if await differs(document):
        reduced = await reduce_document(SCHEMA._schema, document, differs)
        found, expected = await executed("plan", reduced), await executed("graphql-core", reduced)
        pytest.fail(f"seed {seed}, {viewer}, {variables}\n{print_ast(reduced)}\n{found}\n{expected}")


@pytest.fixture(autouse=True)
def collect_unawaited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Collect what graphql-core left unawaited in `_compare_all` alone, where it is expected.

    A collection may begin wherever something is allocated: in a later test, or in the constructor of a named tuple.
    That has no builtins, so that Python cannot warn of a coroutine there and reports an error which no filter knows.
    Strawberry logs errors with their traces, which refer to it, and pytest keeps what is logged until the test is over.
    """
    monkeypatch.setattr(logging.getLogger("strawberry.execution"), "disabled", True)
    gc.disable()
    yield
    gc.collect()
    gc.enable()


async def _compare_all(stage: Stage, seeds: Sequence[int]) -> None:
    for seed in seeds:
        await _compare(stage, seed)
        if seed % COLLECTED == 0:
            gc.collect()


async def test_random_operations(filled: Stage) -> None:
    await _compare_all(filled, range(40))


def _leaves(type_: GraphQLObjectType) -> list[str]:
    shown = {name: field for name, field in type_.fields.items() if f"{type_.name}.{name}" not in SKIPPED}
    return [name for name, field in shown.items() if not field.args and is_leaf_type(get_named_type(field.type))]


def _alone(root: str) -> str:
    """Return an operation that asks for the rows of a list once for each field, with nothing but that field."""
    query = SCHEMA._schema.query_type
    assert query
    node = get_named_type(cast(Any, get_named_type(query.fields[root].type)).fields["nodes"].type)
    assert isinstance(node, GraphQLObjectType)
    shown = dict.fromkeys(_leaves(node), "") | {
        name: " { " + " ".join(_leaves(type_)) + " }"
        for name, field in node.fields.items()
        if isinstance(type_ := get_named_type(field.type), GraphQLObjectType) and _leaves(type_) and not field.args
    }
    asked = (f"{name}: {root}(first: 9) {{ nodes {{ {name}{inner} }} }}" for name, inner in shown.items())
    return "{ " + "\n".join(asked) + " }"


@pytest.mark.parametrize(
    "root", ["complaints", "centralReports", "payments", "procurementOrders", "permits", "agencies", "areas"]
)
async def test_each_field_alone(filled: Stage, root: str) -> None:
    found, expected = [await _executed(filled, each, _alone(root)) for each in ("plan", "graphql-core")]
    assert found.data
    assert expected.data
    assert [name for name, value in expected.data.items() if found.data[name] != value] == []
    assert answer(found) == answer(expected)


async def _executed(stage: Stage, executor: str, text: str) -> ExecutionResult:
    shared = stage.database, OFFICER, stage.cipher, stage.settings.secret
    async with Context(*shared, request_id="test", purpose=Purpose.HANDLING) as context:
        return await execute_by(executor, SCHEMA, text, {}, context)


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_thousands_of_random_operations(filled: Stage) -> None:
    await _compare_all(filled, range(40, 3000))
