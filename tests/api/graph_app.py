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

from hub.api import pages
from hub.api.exception_handlers import http_error
from hub.api.graphql.endpoint import GraphQLEndpoint, Observation
from hub.api.graphql.limits import Limits
from hub.api.graphql.quotas import Quotas
from hub.api.graphql.validation import ReuseParsedDocument
from hub.api.query_page import query_page
from hub.errors import ConfigurationError, Forbidden, TryLater
from hub.store.oauth.clients import Client
from hub.store.oauth.persisted_operations import document_id
from hub.viewer import ANONYMOUS, Viewer, ViewerKind
from hub.web.middleware import middleware
from hub.web.rate_limits import RateLimiter, RateLimits
from hub.web.throttling import EXCEPTION_HANDLERS


def list_size(*slicing: str) -> ListSize:
    """Return the size of a connection: 20 unless an argument sets it."""
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

    @strawberry.field(directives=[list_size("first")])
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

    @strawberry.field(directives=[list_size("first", "last")])
    def complaints(self, first: int | None = None, last: int | None = None) -> ComplaintConnection:
        return complaint_connection(first or last or 20)

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


def complaint_connection(number: int) -> ComplaintConnection:
    edges = [ComplaintEdge(node=Complaint(id=strawberry.ID(str(n)))) for n in range(number)]
    return ComplaintConnection(edges=edges, page_info=PageInfo(has_next_page=False, end_cursor=None), total_count=1)


@strawberry.type
class Query:
    @strawberry.field(directives=[list_size("first", "last")])
    def complaints(self, first: int | None = None, last: int | None = None) -> ComplaintConnection:
        return complaint_connection(first or last or 20)

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Complaint]:
        return [Complaint(id=each) for each in ids]

    @strawberry.field
    def broken(self) -> str | None:
        raise ValueError("NIK 3399010101900001 is in the row")

    @strawberry.field
    def broken_rule(self) -> str | None:
        raise ConfigurationError("the contract of sikap is broken")

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


SCHEMA = strawberry.federation.Schema(Query, Mutation, extensions=[ReuseParsedDocument], federation_version="2.9")


@dataclass
class Context:
    statements: int = 3


async def viewer(request: Request) -> Viewer:
    """Return the viewer of the header ``x-as``, such as ``partner gojek``, ``officer desk app`` or ``stranger``."""
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
class FakeClientPolicies:
    """The policies of clients in these tests."""

    clients: dict[str, Client] = field(default_factory=dict)
    documents: set[tuple[str, str]] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    """The suspended users."""

    async def is_suspended(self, user_id: str) -> bool:
        return user_id in self.users

    async def get(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    async def origins(self) -> frozenset[str]:
        return frozenset(origin for each in self.clients.values() for origin in each.origins)

    async def persisted_operation(self, client_id: str, name: str) -> str | None:
        return next((t for c, t in self.documents if c == client_id and document_id(t) == name), None)


def policies_of(client_id: str, *texts: str, **settings: Any) -> FakeClientPolicies:
    """Return the policies of one client with ``settings`` and the operations it registered."""
    client = Client(client_id, client_id, "Uji", "none", (), (), **settings)
    return FakeClientPolicies({client_id: client}, {(client_id, text) for text in texts})


def build(
    *,
    introspection: bool = True,
    development: bool = True,
    observed: list[Observation] | None = None,
    budgets: RateLimits | None = None,
    policies: FakeClientPolicies | None = None,
    **limits: float,
) -> Starlette:
    """Return the app of these tests; ``limits`` replace those of the endpoint."""
    rates, policies = RateLimiter(budgets), policies or FakeClientPolicies()
    endpoint = GraphQLEndpoint(
        SCHEMA,
        viewer,
        context,
        Quotas(rates, policies),
        limits=Limits(**limits),  # type: ignore[arg-type]
        introspection=introspection,
        page=query_page(token="demo-token"),
        observe=(observed if observed is not None else []).append,
    )
    return Starlette(
        routes=[Route("/graphql", endpoint), *pages.routes()],
        middleware=middleware(rates, policies, development=development),
        exception_handlers={HTTPException: http_error, **EXCEPTION_HANDLERS},
    )


@pytest.fixture(autouse=True)
def early_in_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counters begin a window ten seconds before each test, so that no window ends during a test."""
    ahead = 10 - time.time() % 3600
    shifted = SimpleNamespace(time=lambda: time.time() + ahead)
    for module in ("limits.aio.storage.memory", "hub.web.rate_counters"):
        monkeypatch.setattr(f"{module}.time", shifted)


ENGLISH = {"accept-language": "en"}
"""Tests read English messages; ``test_language`` reads both languages."""


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", headers=ENGLISH)


@pytest.fixture
async def hub() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build()) as client:
        yield client
