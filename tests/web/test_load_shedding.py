"""Requests beyond the capacity are refused at once; /healthz always responds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.api.graphql.endpoint import GraphQLEndpoint
from hub.web.load_shedding import LoadSheddingMiddleware, Refusals
from hub.web.rate_limits import RateLimiter, RateLimits
from tests.api.graph_app import build

STRANGER, OTHER = "203.0.113.7", "203.0.113.8"


class Hall:
    """An app whose requests wait until they are released."""

    def __init__(self, *, requests: int, per_address: int, spared: tuple[str, ...] = ()) -> None:
        self.inside, self.out = 0, asyncio.Event()
        routes = [Route(path, self._wait, methods=["GET", "POST"]) for path in ("/", "/oauth/token")]
        shedding = Middleware(
            LoadSheddingMiddleware,
            rates=RateLimiter(RateLimits(exempt_networks=spared)),
            requests=requests,
            per_address=per_address,
        )
        self.app = Starlette(routes=[*routes, Route("/healthz", self._alive)], middleware=[shedding])

    async def _wait(self, request: Request) -> Response:
        self.inside += 1
        await self.out.wait()
        return PlainTextResponse("out")

    async def _alive(self, request: Request) -> Response:
        return PlainTextResponse("alive")

    @asynccontextmanager
    async def filled(self, *addresses: str) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
        """Fill the app with one waiting request of each address."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(at(self.app, each)) for each in addresses]
            tasks = [asyncio.create_task(client.get("/")) for client in clients]
            while self.inside + sum(task.done() for task in tasks) < len(tasks):
                await asyncio.sleep(0)
            yield tasks
            self.out.set()
            await asyncio.gather(*tasks)


def at(app: Starlette, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://hub")


async def test_one_address_has_so_many_under_way_and_others_go_on() -> None:
    hall = Hall(requests=10, per_address=2)
    async with hall.filled(STRANGER, STRANGER, STRANGER) as tasks, at(hall.app, STRANGER) as again:
        assert hall.inside == 2
        (refused,) = [task.result() for task in tasks if task.done()]
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["errors"][0]["extensions"] == {"code": "TRY_LATER", "retryAfter": 1}
        assert (await again.post("/oauth/token")).json()["error"] == "temporarily_unavailable"
        assert (await again.get("/healthz")).text == "alive"
        async with at(hall.app, OTHER) as other:
            went = asyncio.create_task(other.get("/"))
            while hall.inside < 3:
                await asyncio.sleep(0)
            hall.out.set()
            assert (await went).status_code == 200
    async with at(hall.app, STRANGER) as later:
        assert (await later.get("/")).status_code == 200


async def test_in_all_so_many_are_under_way_and_healthz_answers() -> None:
    hall = Hall(requests=3, per_address=2, spared=("10.0.0.0/8",))
    async with hall.filled("10.0.0.1", "10.0.0.1", "10.0.0.1"), at(hall.app, OTHER) as other:
        assert hall.inside == 3
        assert (await other.get("/")).status_code == 503
        assert (await other.get("/healthz")).text == "alive"


async def test_addresses_of_one_ipv6_network_are_one() -> None:
    hall = Hall(requests=10, per_address=2)
    async with hall.filled("2001:db8::1", "2001:db8::2", "2001:db8::3"):
        assert hall.inside == 2


def test_the_wait_grows_with_the_number_of_refusals() -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])

    def second(refused: int) -> float:
        now[0] += 1
        return [refusals.refuse("full", 1, served=100).after or 0 for _ in range(refused)][-1]

    assert second(refused=100) == 1
    waits = [second(refused=100) for _ in range(20)]
    assert waits == sorted(waits)
    assert waits[-1] == 6
    assert second(refused=1_000) == 10
    now[0] += 60
    assert second(refused=1) == 1


async def test_a_shed_operation_is_neither_executed_nor_charged() -> None:
    app = build(concurrent_cost=100, budgets=RateLimits(exempt_networks=()))
    (endpoint,) = [route.app for route in app.routes if isinstance(route, Route) and route.path == "/graphql"]
    assert isinstance(endpoint, GraphQLEndpoint)
    page = "{ complaints(first: 50) { edges { node { id } } } }"
    async with at(app, STRANGER) as hub:
        first = [await hub.post("/graphql", json={"query": page}) for _ in range(2)]
        slow = asyncio.create_task(hub.post("/graphql", json={"query": page.replace("{", "{ slow", 1)}))
        while not endpoint._limiter._cost:
            await asyncio.sleep(0)
        shed = await hub.post("/graphql", json={"query": page})
        slow.cancel()
        await asyncio.wait([slow])
        after = await hub.post("/graphql", json={"query": page})
    assert (shed.status_code, shed.headers["retry-after"]) == (503, "1")
    left = [answer.json()["extensions"]["cost"]["remaining"] for answer in (*first, after)]
    assert left[1] - left[2] == 2 * (left[0] - left[1])
