"""A small federated graph, and the app around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from strawberry.federation.schema_directives import Cost, ListSize

from hub.errors import Forbidden, Stop, TryLater
from hub.store.access.clients import Client
from hub.store.access.documents import document_id
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web import page
from hub.web.allowance import Allowances
from hub.web.gate import ReadOnce
from hub.web.graphql import GraphQLEndpoint, Observation
from hub.web.limits import Limits
from hub.web.rates import Budgets, Rates
from hub.web.requests import http_error, middleware
from hub.web.throttle import HANDLERS


def paged(*slicing: str) -> ListSize:
    """A connection of 20 unless an argument says otherwise."""
    return ListSize(
        assumed_size=20, slicing_arguments=[*slicing], sized_fields=["edges"], require_one_slicing_argument=False
    )


@strawberry.type
class Money:
    amount: str
    currency: str


@strawberry.type
class Payment:
    reference: str
    amount: Money


@strawberry.type
class Supplier:
    name: str


@strawberry.type
class Order:
    order_id: str
    value: Money
    supplier: Supplier


@strawberry.type
class OrderEdge:
    node: Order


@strawberry.type
class OrderConnection:
    edges: list[OrderEdge]


@strawberry.type
class Person:
    name: str

    @strawberry.field
    def phone(self) -> str | None:
        raise Forbidden("complaints:pii")


@strawberry.type
class Agency:
    name: str

    @strawberry.field
    def head(self) -> Person:
        return Person(name="Uji")

    @strawberry.field(directives=[paged("first")])
    def procurement_orders(self, first: int = 20) -> OrderConnection:
        order = Order(order_id="o", value=Money(amount="1", currency="IDR"), supplier=Supplier(name="s"))
        return OrderConnection(edges=[OrderEdge(node=order)] * first)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.federation.type(keys=["id"])
class Complaint:
    id: strawberry.ID

    @strawberry.field
    def title(self) -> str:
        return "Bus tidak berhenti 🚌"

    @strawberry.field
    def agency(self) -> Agency:
        return Agency(name="Dinas Perhubungan")

    @strawberry.field
    def payments(self) -> list[Payment]:
        return [Payment(reference="TJ-1", amount=Money(amount="4000", currency="IDR"))]

    @strawberry.field(directives=[paged("first", "last")])
    def complaints(self, first: int | None = None, last: int | None = None) -> ComplaintConnection:
        return some(first or last or 20)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Complaint:
        return cls(id=id)


@strawberry.type
class ComplaintEdge:
    node: Complaint


@strawberry.type
class ComplaintConnection:
    edges: list[ComplaintEdge]
    page_info: PageInfo
    total_count: int | None


def some(number: int) -> ComplaintConnection:
    edges = [ComplaintEdge(node=Complaint(id=strawberry.ID(str(n)))) for n in range(number)]
    return ComplaintConnection(edges=edges, page_info=PageInfo(has_next_page=False, end_cursor=None), total_count=1)


@strawberry.type
class Query:
    @strawberry.field(directives=[paged("first", "last")])
    def complaints(self, first: int | None = None, last: int | None = None) -> ComplaintConnection:
        return some(first or last or 20)

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Complaint]:
        return [Complaint(id=each) for each in ids]

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("NIK 3399010101900001 is in the row")

    @strawberry.field
    def broken_rule(self) -> str | None:
        raise Stop("the contract of sikap is broken")

    @strawberry.field
    def broken_number(self) -> int | None:
        return "0811 0000 0000"  # type: ignore[return-value]

    @strawberry.field
    def away(self) -> str | None:
        raise TryLater("http://10.0.0.1 is down", 30)

    @strawberry.field
    def explained(self) -> str | None:
        raise GraphQLError("That cursor is of another list.", extensions={"code": "BAD_CURSOR"})

    @strawberry.field
    def required(self) -> str:
        raise ValueError("gone")

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(30)
        return "late"

    @strawberry.field
    def echo(self, times: int = 1) -> int:
        return times


@strawberry.type
class Mutation:
    @strawberry.mutation(directives=[Cost(weight=10)])
    def touch(self) -> bool:
        return True


SCHEMA = strawberry.federation.Schema(Query, Mutation, extensions=[ReadOnce], federation_version="2.9")


@dataclass
class Context:
    statements: int = 3


async def viewer(request: Request) -> Viewer:
    """Who the header ``x-as`` says, such as ``partner gojek``, ``officer desk app`` or ``stranger``."""
    kind, _, named = request.headers.get("x-as", "").partition(" ")
    match kind:
        case "stranger":
            raise HTTPException(401, "The token has ended.", {"WWW-Authenticate": "Bearer"})
        case "partner":
            return Viewer(ViewerKind.PARTNER, named, client=named)
        case "officer":
            name, _, client = named.partition(" ")
            return Viewer(ViewerKind.OFFICER, name, client=client or None)
    return ANONYMOUS


async def context(request: Request, viewer: Viewer) -> Context:
    match request.headers.get("x-as"):
        case "nobody":
            raise Forbidden("graph:read")
        case "early":
            raise TryLater("migrating", 5)
        case "unlucky":
            raise ValueError("NIK 3399010101900001 is in the row")
    return Context()


@dataclass
class Agreed:
    """What was agreed with clients, in these tests."""

    clients: dict[str, Client] = field(default_factory=dict)
    documents: set[tuple[str, str]] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    """Those who are suspended."""

    async def suspended(self, user_id: str) -> bool:
        return user_id in self.users

    async def of(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    async def origins(self) -> frozenset[str]:
        return frozenset(origin for each in self.clients.values() for origin in each.origins)

    async def document(self, client_id: str, name: str) -> str | None:
        return next((t for c, t in self.documents if c == client_id and document_id(t) == name), None)


def agreed(client_id: str, *texts: str, **terms: Any) -> Agreed:
    """One client with ``terms`` and the operations it registered."""
    client = Client(client_id, client_id, "Uji", "none", (), (), **terms)
    return Agreed({client_id: client}, {(client_id, text) for text in texts})


def build(
    *,
    introspection: bool = True,
    development: bool = True,
    observed: list[Observation] | None = None,
    budgets: Budgets | None = None,
    terms: Agreed | None = None,
    **limits: float,
) -> Starlette:
    """The app of these tests; ``limits`` replace those of the endpoint."""
    rates, terms = Rates(budgets), terms or Agreed()
    endpoint = GraphQLEndpoint(
        SCHEMA,
        viewer,
        context,
        Allowances(rates, terms),
        limits=Limits(**limits),  # type: ignore[arg-type]
        introspection=introspection,
        page=page.query_page(token="demo-token"),
        observe=(observed if observed is not None else []).append,
    )
    return Starlette(
        routes=[Route("/graphql", endpoint), *page.routes()],
        middleware=middleware(rates, terms, development=development),
        exception_handlers={HTTPException: http_error, **HANDLERS},
    )


@pytest.fixture(autouse=True)
def early_in_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters begin a window ten seconds before each test, so that none ends amid one."""
    ahead = 10 - time.time() % 3600
    shifted = SimpleNamespace(time=lambda: time.time() + ahead)
    for module in ("limits.aio.storage.memory", "hub.web.counters"):
        monkeypatch.setattr(f"{module}.time", shifted)


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


@pytest.fixture
async def hub() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build()) as client:
        yield client
