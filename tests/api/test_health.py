"""Liveness, readiness, and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.applications import Starlette

from hub.api import health
from hub.api.gauges import Sample
from hub.api.graphql.endpoint import Observation
from hub.api.health import Check
from hub.api.metrics import Metrics
from hub.errors import TryLater
from hub.web import ttl_cache
from hub.web.ttl_cache import CachedCall
from tests.api.graph_app import client_of


async def well() -> str | None:
    return None


async def ill() -> str | None:
    return "Migrations are not applied; run hub migrate."


async def away() -> str | None:
    raise TryLater("The database does not answer.")


async def hanging() -> str | None:
    await asyncio.sleep(60)
    return None


async def figures() -> Sequence[Sample]:
    return [
        Sample("hub_system_lag_seconds", ("fake", "in"), 12.5),
        Sample("hub_system_records", ("other",), 0),
        Sample("hub_deliveries", ("fake", "BLOCKED"), 3),
    ]


@pytest.mark.parametrize(
    ("checks", "reasons"),
    [
        ({"database": well}, None),
        ({"database": well, "migrations": ill}, {"migrations": "Migrations are not applied; run hub migrate."}),
        ({"database": away}, {"database": "The database does not answer."}),
        ({"database": hanging}, {"database": "No response within 0.05 seconds."}),
    ],
)
async def test_ready_once_every_check_is_well(
    monkeypatch: pytest.MonkeyPatch, checks: dict[str, Check], reasons: dict[str, str] | None
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT", 0.05)
    async with client_of(Starlette(routes=health.routes(checks, Metrics()))) as hub:
        ready, alive = await hub.get("/readyz"), await hub.get("/healthz")
    assert alive.json() == {"status": "alive"}
    assert ready.status_code == (503 if reasons else 200)
    assert ready.json().get("reasons") == reasons


async def test_operations_and_systems_are_measured() -> None:
    metrics = Metrics(figures)
    metrics.observe(Observation("query", "ok", 0.02, 7, "gojek", 40))
    metrics.observe(Observation("query", "ok", 0.03, None, "gojek", 2))
    metrics.observe(Observation("unread", "refused", 0.001, None))
    async with client_of(Starlette(routes=health.routes({}, metrics))) as hub:
        text = (await hub.get("/metrics")).text
    for line in (
        'hub_operations_total{outcome="ok",type="query"} 2.0',
        'hub_operations_total{outcome="refused",type="unread"} 1.0',
        'hub_client_operations_total{client="gojek",outcome="ok"} 2.0',
        'hub_client_operations_total{client="other",outcome="refused"} 1.0',
        'hub_client_cost_total{client="gojek"} 42.0',
        'hub_operation_seconds_count{type="query"} 2.0',
        'hub_operation_statements_bucket{le="8.0",type="query"} 1.0',
        'hub_operation_statements_sum{type="query"} 7.0',
        'hub_system_lag_seconds{direction="in",system="fake"} 12.5',
        'hub_system_records{system="other"} 0.0',
        'hub_deliveries{state="BLOCKED",system="fake"} 3.0',
    ):
        assert line in text
    assert 'system="other"' not in text.replace('hub_system_records{system="other"}', "")


async def test_the_database_is_queried_once_a_second_for_all_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[str] = []
    now = [0.0]
    monkeypatch.setattr(CachedCall.__init__, "__defaults__", (lambda: now[0],))

    async def check() -> str | None:
        queries.append("ready")
        await asyncio.sleep(0)
        return None

    async def figures() -> Sequence[Sample]:
        queries.append("metrics")
        await asyncio.sleep(0)
        return ()

    async with client_of(Starlette(routes=health.routes({"database": check}, Metrics(figures)))) as hub:
        for moment, times in ((0.0, 1), (0.9, 1), (1.0, 2)):
            now[0] = moment
            await asyncio.gather(*(hub.get(path) for path in ("/readyz", "/metrics") * 20))
            assert sorted(queries) == sorted(["ready", "metrics"] * times)


async def test_figures_that_cannot_be_had_leave_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ttl_cache, "TTL", 0.0)
    known = [True]

    async def sometimes() -> Sequence[Sample]:
        if known:
            return await figures()
        raise TryLater("The database does not answer.")

    metrics = Metrics(sometimes)
    metrics.observe(Observation("query", "ok", 0.02, 7))
    async with client_of(Starlette(routes=health.routes({}, metrics))) as hub:
        assert "fake" in (await hub.get("/metrics")).text
        known.clear()
        after = await hub.get("/metrics")
    assert after.status_code == 200
    assert "fake" not in after.text
    assert "hub_operations_total" in after.text
