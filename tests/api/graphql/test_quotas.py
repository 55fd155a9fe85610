"""The budgets over HTTP: the order in which they are checked, and the content of a refusal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.api.graphql.endpoint import Observation
from hub.api.graphql.validation import CHARACTERS_PER_COST, OperationRejected, OperationValidator
from hub.errors import RateLimited
from hub.web.rate_limits import RateLimits
from tests.api.graph_app import FakeClientPolicies, build, policies_of
from tests.logged import without_random_ids
from tests.serving import serve
from tests.web.test_limit_headers import read

PAGE = "{ complaints(first: 40) { edges { node { id } } } }"
PAGE_COST = 1 + 40 * 2
SMALL = "{ complaints { totalCount } }"
READING = -(-len(SMALL) // CHARACTERS_PER_COST)
STRANGER = "203.0.113.7"


def client_at(app: Any, address: str = STRANGER) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://hub")


async def ask(hub: httpx.AsyncClient, query: str = "{ echo }", **headers: str) -> httpx.Response:
    return await hub.post(
        "/graphql", json={"query": query}, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def is_refused(response: httpx.Response) -> bool:
    """Return whether it is a complete 429; any other response is no refusal of a budget."""
    if response.status_code != 429:
        return False
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": int(response.headers["retry-after"])}
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["cache-control"] == "no-store"
    return True


async def test_an_address_is_counted_before_its_token_is_looked_at() -> None:
    async with client_at(build(budgets=RateLimits(address=3))) as hub:
        first = [(await ask(hub, x_as="stranger")).status_code for _ in range(3)]
        assert first == [401, 401, 401]
        assert is_refused(await ask(hub, x_as="partner gojek"))
        assert is_refused(await hub.get("/nowhere"))
    async with client_at(build(budgets=RateLimits(address=3)), "127.0.0.1") as here:
        assert [(await ask(here)).status_code for _ in range(6)] == [200] * 6


async def test_operators_requests_are_not_counted() -> None:
    app = build(budgets=RateLimits(address=1))
    app.router.routes.append(Route("/healthz", lambda request: PlainTextResponse("alive")))
    async with client_at(app) as hub:
        assert [(await hub.get("/healthz")).status_code for _ in range(3)] == [200] * 3


async def test_a_partner_shares_its_clients_requests_across_addresses() -> None:
    app = build(policies=policies_of("gojek", requests_per_minute=2), budgets=RateLimits(requests=5))
    async with client_at(app) as hub, client_at(app, "127.0.0.1") as here:
        assert (await ask(hub, x_as="partner gojek")).status_code == 200
        assert (await ask(here, x_as="partner gojek")).status_code == 200
        for each in (hub, here):
            assert is_refused(await ask(each, x_as="partner gojek"))
        assert (await ask(hub)).status_code == 200


async def test_users_of_one_client_have_separate_budgets() -> None:
    app = build(policies=policies_of("app", requests_per_minute=1), budgets=RateLimits(requests=2))
    async with client_at(app) as hub:
        for name in ("siti", "budi"):
            answers = [await ask(hub, x_as=f"officer {name} app") for _ in range(3)]
            assert [is_refused(answer) for answer in answers] == [False, False, True]


async def test_requests_that_cannot_be_read_are_counted_too() -> None:
    async with client_at(build(budgets=RateLimits(requests=2))) as hub:
        for content in ("{", "[]"):
            answer = await hub.post("/graphql", content=content, headers={"content-type": "application/json"})
            assert answer.status_code == 400
        assert is_refused(await ask(hub))


async def test_cost_is_charged_by_estimate_and_the_rest_is_reported() -> None:
    app = build(policies=policies_of("gojek", cost_per_minute=2 * PAGE_COST + READING))
    async with client_at(app) as hub:
        costs = [(await ask(hub, PAGE, x_as="partner gojek")).json()["extensions"]["cost"] for _ in range(2)]
        assert costs == [
            {"estimated": PAGE_COST, "limit": 25_000, "remaining": PAGE_COST + READING},
            {"estimated": PAGE_COST, "limit": 25_000, "remaining": READING},
        ]
        assert is_refused(await ask(hub, PAGE, x_as="partner gojek"))
        small = await ask(hub, SMALL, x_as="partner gojek")
        assert small.json()["extensions"]["cost"]["remaining"] == 0


async def test_each_answer_says_what_is_left() -> None:
    app = build(policies=policies_of("gojek", cost_per_minute=PAGE_COST + READING, requests_per_minute=3))
    async with client_at(app) as hub:
        answers = [await ask(hub, each, x_as="partner gojek") for each in (PAGE, SMALL, PAGE)]
    limits = [read(each.headers["ratelimit"]) for each in answers]
    assert [(each["requests"]["r"], each["cost"]["r"]) for each in limits] == [(2, READING), (1, 0), (0, 0)]
    assert is_refused(answers[2])
    assert int(limits[2]["cost"]["t"]) >= int(answers[2].headers["retry-after"])
    policy = read(answers[0].headers["ratelimit-policy"])
    assert policy["requests"] == {"q": 3, "w": 60}
    assert policy["cost"] == {"q": PAGE_COST + READING, "qu": "cost", "w": 60}
    left = [each.json()["extensions"]["requests"] for each in answers[:2]]
    assert left == [{"limit": 3, "remaining": 2}, {"limit": 3, "remaining": 1}]


async def test_an_operation_above_a_minutes_budget_is_never_retryable() -> None:
    async with client_at(build(policies=policies_of("gojek", cost_per_minute=PAGE_COST - 1))) as hub:
        response = await ask(hub, PAGE, x_as="partner gojek")
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": PAGE_COST - 1, "actual": PAGE_COST}
    assert response.status_code == 200
    assert "data" not in response.json()


REFUSED = [
    "{ complaints(first: 50) { edges { node { id } } } }",
    "{ complaints {",
    "{ complaint }",
    "query($a: Int!) { echo }",
    "{ complaints(first: 101) { totalCount } }",
    "query A { echo } query B { echo }",
]


async def test_what_is_refused_costs_as_much_as_it_is_long() -> None:
    reading = [-(-len(query) // CHARACTERS_PER_COST) for query in REFUSED]
    budget = PAGE_COST + sum(reading)
    async with client_at(build(budgets=RateLimits(cost=budget), cost=PAGE_COST)) as hub:
        for query in REFUSED:
            assert "errors" in (await ask(hub, query)).json()
        assert (await ask(hub, PAGE)).json()["extensions"]["cost"]["remaining"] == 0


async def test_a_request_over_budget_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def refused(validator: OperationValidator, text: str) -> Any:
        read.append(text)
        raise OperationRejected

    monkeypatch.setattr(OperationValidator, "_parse", refused)
    async with client_at(build(budgets=RateLimits(anonymous=1_000))) as hub:
        for number in range(30):
            await ask(hub, f"{{ a{number} }}" + " " * 390)
        assert is_refused(await ask(hub, "{ echo }" + " " * 390))
    assert 9 <= len(read) <= 10


async def test_who_shows_no_token_has_less() -> None:
    async with client_at(build(budgets=RateLimits(cost=1_000, anonymous=100))) as hub:
        left = [
            (await ask(hub, PAGE, x_as=who)).json()["extensions"]["cost"]["remaining"] for who in ("", "officer siti")
        ]
        assert left == [100 - PAGE_COST, 1_000 - PAGE_COST]
        assert is_refused(await ask(hub, PAGE))
    async with client_at(build(budgets=RateLimits(cost=90, anonymous=100))) as hub:
        assert (await ask(hub, PAGE)).json()["extensions"]["cost"]["remaining"] == 90 - PAGE_COST


async def test_a_refusal_executes_nothing_and_is_observed() -> None:
    seen: list[Observation] = []
    async with client_at(build(budgets=RateLimits(requests=1), observed=seen)) as hub:
        await ask(hub)
        await ask(hub, "mutation { touch }")
    assert [(each.kind, each.outcome) for each in seen] == [("query", "ok"), ("unread", "limited")]


async def test_a_page_of_another_origin_can_read_that_it_is_too_often() -> None:
    app = build(budgets=RateLimits(address=1), policies=policies_of("app", origins=("https://app.example",)))
    async with client_at(app) as hub:
        await ask(hub)
        refused = await ask(hub, origin="https://app.example")
    assert is_refused(refused)
    assert refused.headers["access-control-allow-origin"] == "https://app.example"
    assert "retry-after" in refused.headers["access-control-expose-headers"]


async def test_below_oauth_a_refusal_is_an_oauth_error() -> None:
    async def token(request: Request) -> Response:
        raise RateLimited("Too often.", 7)

    app = build(budgets=RateLimits(address=1))
    app.router.routes.append(Route("/oauth/token", token, methods=["POST"]))
    async with client_at(app) as hub, client_at(app, "127.0.0.1") as here:
        await hub.get("/oauth/token")
        refused = [await hub.post("/oauth/token"), await here.post("/oauth/token")]
    assert [each.status_code for each in refused] == [429, 429]
    assert [each.json()["error"] for each in refused] == ["temporarily_unavailable"] * 2
    assert refused[1].json()["error_description"] == "Too often."
    assert refused[1].headers["retry-after"] == "7"


async def test_behind_a_proxy_the_address_is_the_one_it_forwards() -> None:
    async with serve(build(budgets=RateLimits(address=2))) as url, httpx.AsyncClient(base_url=url) as hub:
        forwarded = [await ask(hub, x_forwarded_for=STRANGER) for _ in range(3)]
        assert [is_refused(each) for each in forwarded] == [False, False, True]
        assert not is_refused(await ask(hub, x_forwarded_for="203.0.113.8"))
        assert not is_refused(await ask(hub))


async def test_a_client_without_a_policy_has_the_viewers_budgets() -> None:
    async with client_at(build(budgets=RateLimits(requests=1), policies=FakeClientPolicies())) as hub:
        assert not is_refused(await ask(hub, x_as="partner from-elsewhere"))
        assert is_refused(await ask(hub, x_as="partner from-elsewhere"))


@pytest.mark.parametrize("address", ["", "unknown"])
async def test_an_address_that_cannot_be_read_is_no_fault(address: str) -> None:
    with structlog.testing.capture_logs() as logged:
        async with client_at(build(budgets=RateLimits(address=1)), address) as hub:
            assert (await ask(hub)).status_code == 200
    assert [line["event"] for line in logged] == ["request"]


async def test_client_operation_and_cost_are_observed_and_logged() -> None:
    seen: list[Observation] = []
    app = build(policies=policies_of("gojek", cost_per_minute=2 * PAGE_COST), observed=seen)
    text = "query Desk3399014107900001Page" + "x" * 80 + " { echo }"
    with structlog.testing.capture_logs() as logged:
        async with client_at(app) as hub:
            await ask(hub, text, x_as="partner gojek")
            await ask(hub, text, x_as="partner stranger-of-an-outside-issuer")
            await ask(hub, "{ ech }", x_as="partner gojek")
    assert [(each.client, each.outcome) for each in seen] == [("gojek", "ok"), ("other", "ok"), ("gojek", "refused")]
    assert [each.cost > 0 for each in seen] == [True, False, True]  # What was read before costs nothing to read.
    first, second, refused = [line for line in logged if line["event"] == "request"]
    assert (first["client"], first["cost"], first["statements"]) == ("gojek", seen[0].cost, 3)
    assert first["operation"] == ("Desk#Page" + "x" * 80)[:64]
    assert second["client"] == "stranger-of-an-outside-issuer"
    assert (refused["client"], refused["outcome"], refused["status"]) == ("gojek", "refused", 200)
    assert "operation" not in refused
    assert "3399" not in without_random_ids(logged)


async def test_a_throttled_client_is_observed_by_name() -> None:
    seen: list[Observation] = []
    async with client_at(build(policies=policies_of("gojek", requests_per_minute=1), observed=seen)) as hub:
        for _ in range(2):
            await ask(hub, x_as="partner gojek")
    assert [(each.client, each.outcome) for each in seen] == [("gojek", "ok"), ("gojek", "limited")]
