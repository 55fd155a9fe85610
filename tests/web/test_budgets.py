"""The budgets over HTTP: in which order they are asked, and what a refusal tells."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.errors import TooMany
from hub.web.graphql import Observation
from hub.web.rates import Budgets
from tests.serving import serve
from tests.web.conftest import Agreed, agreed, build

PAGE = "{ complaints(first: 4) { edges { node { id } } } }"
PAGE_COST = 1 + 4 * 2
STRANGER = "203.0.113.7"


def client_at(app: Any, address: str = STRANGER) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://hub")


async def ask(hub: httpx.AsyncClient, query: str = "{ echo }", **headers: str) -> httpx.Response:
    return await hub.post(
        "/graphql", json={"query": query}, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def is_refused(response: httpx.Response) -> bool:
    """Whether it is a 429 in full; any other answer is no refusal of a budget."""
    if response.status_code != 429:
        return False
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": int(response.headers["retry-after"])}
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["cache-control"] == "no-store"
    return True


async def test_an_address_is_counted_before_its_token_is_looked_at() -> None:
    async with client_at(build(budgets=Budgets(address=3))) as hub:
        first = [(await ask(hub, x_as="stranger")).status_code for _ in range(3)]
        assert first == [401, 401, 401]
        assert is_refused(await ask(hub, x_as="partner gojek"))
        assert is_refused(await hub.get("/nowhere"))
    async with client_at(build(budgets=Budgets(address=3)), "127.0.0.1") as here:
        assert [(await ask(here)).status_code for _ in range(6)] == [200] * 6


async def test_what_operators_ask_is_not_counted() -> None:
    app = build(budgets=Budgets(address=1))
    app.router.routes.append(Route("/healthz", lambda request: PlainTextResponse("alive")))
    async with client_at(app) as hub:
        assert [(await hub.get("/healthz")).status_code for _ in range(3)] == [200] * 3


async def test_a_partner_has_the_requests_of_its_client_whatever_the_address() -> None:
    app = build(terms=agreed("gojek", requests_per_minute=2), budgets=Budgets(requests=5))
    async with client_at(app) as hub, client_at(app, "127.0.0.1") as here:
        assert (await ask(hub, x_as="partner gojek")).status_code == 200
        assert (await ask(here, x_as="partner gojek")).status_code == 200
        for each in (hub, here):
            assert is_refused(await ask(each, x_as="partner gojek"))
        assert (await ask(hub)).status_code == 200


async def test_people_who_come_through_one_client_do_not_use_up_each_others_budget() -> None:
    app = build(terms=agreed("app", requests_per_minute=1), budgets=Budgets(requests=2))
    async with client_at(app) as hub:
        for name in ("siti", "budi"):
            answers = [await ask(hub, x_as=f"officer {name} app") for _ in range(3)]
            assert [is_refused(answer) for answer in answers] == [False, False, True]


async def test_requests_that_cannot_be_read_are_counted_too() -> None:
    async with client_at(build(budgets=Budgets(requests=2))) as hub:
        for content in ("{", "[]"):
            answer = await hub.post("/graphql", content=content, headers={"content-type": "application/json"})
            assert answer.status_code == 400
        assert is_refused(await ask(hub))


async def test_cost_is_charged_by_the_estimate_and_what_is_left_is_told() -> None:
    app = build(terms=agreed("gojek", cost_per_minute=2 * PAGE_COST + 1))
    async with client_at(app) as hub:
        told = [(await ask(hub, PAGE, x_as="partner gojek")).json()["extensions"]["cost"] for _ in range(2)]
        assert told == [
            {"estimated": PAGE_COST, "limit": 25_000, "remaining": PAGE_COST + 1},
            {"estimated": PAGE_COST, "limit": 25_000, "remaining": 1},
        ]
        assert is_refused(await ask(hub, PAGE, x_as="partner gojek"))
        small = await ask(hub, "{ complaints { totalCount } }", x_as="partner gojek")
        assert small.json()["extensions"]["cost"]["remaining"] == 0


async def test_an_operation_that_no_minute_could_pay_is_refused_for_good() -> None:
    async with client_at(build(terms=agreed("gojek", cost_per_minute=PAGE_COST - 1))) as hub:
        response = await ask(hub, PAGE, x_as="partner gojek")
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": PAGE_COST - 1, "actual": PAGE_COST}
    assert response.status_code == 200
    assert "data" not in response.json()


async def test_what_is_refused_for_its_size_costs_nothing() -> None:
    async with client_at(build(budgets=Budgets(cost=PAGE_COST), cost=PAGE_COST)) as hub:
        for query in ("{ complaints(first: 5) { edges { node { id } } } }", "{ complaints {"):
            assert "errors" in (await ask(hub, query)).json()
        assert (await ask(hub, PAGE)).json()["extensions"]["cost"]["remaining"] == 0


async def test_a_refusal_executes_nothing_and_is_observed() -> None:
    seen: list[Observation] = []
    async with client_at(build(budgets=Budgets(requests=1), observed=seen)) as hub:
        await ask(hub)
        await ask(hub, "mutation { touch }")
    assert [(each.kind, each.outcome) for each in seen] == [("query", "ok"), ("unread", "limited")]


async def test_a_page_of_another_origin_can_read_that_it_is_too_often() -> None:
    app = build(budgets=Budgets(address=1), terms=agreed("app", origins=("https://app.example",)))
    async with client_at(app) as hub:
        await ask(hub)
        refused = await ask(hub, origin="https://app.example")
    assert is_refused(refused)
    assert refused.headers["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in refused.headers["access-control-expose-headers"]


async def test_below_oauth_a_refusal_is_an_oauth_error() -> None:
    async def token(request: Request) -> Response:
        raise TooMany("Too often.", 7)

    app = build(budgets=Budgets(address=1))
    app.router.routes.append(Route("/oauth/token", token, methods=["POST"]))
    async with client_at(app) as hub, client_at(app, "127.0.0.1") as here:
        await hub.get("/oauth/token")
        refused = [await hub.post("/oauth/token"), await here.post("/oauth/token")]
    assert [each.status_code for each in refused] == [429, 429]
    assert [each.json()["error"] for each in refused] == ["temporarily_unavailable"] * 2
    assert refused[1].json()["error_description"] == "Too often."
    assert refused[1].headers["retry-after"] == "7"


async def test_behind_a_proxy_the_address_is_the_one_it_forwards() -> None:
    async with serve(build(budgets=Budgets(address=2))) as url, httpx.AsyncClient(base_url=url) as hub:
        forwarded = [await ask(hub, x_forwarded_for=STRANGER) for _ in range(3)]
        assert [is_refused(each) for each in forwarded] == [False, False, True]
        assert not is_refused(await ask(hub, x_forwarded_for="203.0.113.8"))
        assert not is_refused(await ask(hub))


async def test_without_anything_agreed_a_client_has_the_budgets_of_a_viewer() -> None:
    async with client_at(build(budgets=Budgets(requests=1), terms=Agreed())) as hub:
        assert not is_refused(await ask(hub, x_as="partner from-elsewhere"))
        assert is_refused(await ask(hub, x_as="partner from-elsewhere"))


@pytest.mark.parametrize("address", ["", "unknown"])
async def test_an_address_that_cannot_be_read_is_no_fault(address: str) -> None:
    with structlog.testing.capture_logs() as logged:
        async with client_at(build(budgets=Budgets(address=1)), address) as hub:
            assert (await ask(hub)).status_code == 200
    assert [line["event"] for line in logged] == ["request"]
