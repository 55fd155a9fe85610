"""The headers ``RateLimit`` and ``RateLimit-Policy``: form, values, and which responses have them."""

from __future__ import annotations

import re

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.web.limit_headers import LimitState, OpenAtATime, policies, remaining, report
from hub.web.middleware import middleware
from hub.web.rate_limits import RateLimiter, RateLimits

STRANGER = "203.0.113.7"


def read(value: str) -> dict[str, dict[str, int | str]]:
    """Return a list of strings with parameters, as structured fields (RFC 9651) have them."""
    found: dict[str, dict[str, int | str]] = {}
    for member in value.split(", "):
        assert re.fullmatch(r'"[a-z-]+"(;[a-z]+=(\d+|"[a-z-]+"))+', member), member
        name, *parameters = member.split(";")
        pairs = (each.split("=") for each in parameters)
        found[name.strip('"')] = {key: text.strip('"') if '"' in text else int(text) for key, text in pairs}
    return found


def test_limits_are_written_as_structured_fields() -> None:
    states = [LimitState("cost", 500, 20, "cost", 60, 31), LimitState("streams", 100, 99, "concurrent-requests")]
    assert policies(states) == '"cost";q=500;qu="cost";w=60, "streams";q=100;qu="concurrent-requests"'
    assert remaining(states) == '"cost";r=20;t=31, "streams";r=99'
    assert remaining(states, 90) == '"cost";r=20;t=90, "streams";r=99'


def served(rates: RateLimiter) -> httpx.AsyncClient:
    async def page(request: Request) -> Response:
        return PlainTextResponse("for all", headers={"Cache-Control": "public, max-age=60"})

    async def attempt(request: Request) -> Response:
        await rates.login(STRANGER, "siti")
        await rates.secret_attempt("password", "siti")
        await rates.tracking_failed(STRANGER, "LG-2026-000001")
        report(OpenAtATime("streams", 100, 99))
        return PlainTextResponse("attempted")

    app = Starlette(
        routes=[Route("/page", page), Route("/attempt", attempt)], middleware=middleware(rates, development=True)
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(STRANGER, 1)), base_url="http://hub")


async def test_a_refusal_says_when_all_is_there_again() -> None:
    async with served(RateLimiter(RateLimits(address=2))) as hub:
        answers = [await hub.get("/attempt") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert [read(each.headers["ratelimit"])["address"]["r"] for each in answers] == [1, 0, 0]
    for each in answers:
        assert read(each.headers["ratelimit-policy"])["address"] == {"q": 2, "w": 60}
    until_full = read(answers[2].headers["ratelimit"])["address"]["t"]
    assert isinstance(until_full, int)
    assert int(answers[2].headers["retry-after"]) <= until_full <= 120


async def test_limits_that_guard_secrets_are_not_reported() -> None:
    async with served(RateLimiter()) as hub:
        answer = await hub.get("/attempt")
    assert list(read(answer.headers["ratelimit"])) == ["address", "streams"]


async def test_what_a_shared_cache_keeps_has_no_limits() -> None:
    async with served(RateLimiter(RateLimits(address=5))) as hub:
        assert "ratelimit" not in (await hub.get("/page")).headers
        assert read((await hub.get("/attempt")).headers["ratelimit"])["address"]["r"] == 3


async def test_what_is_not_counted_has_no_limits() -> None:
    async with served(RateLimiter(RateLimits(exempt_networks=("203.0.113.0/24",)))) as hub:
        assert "ratelimit" not in (await hub.get("/nowhere")).headers
