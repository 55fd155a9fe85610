"""Alive, ready, and the figures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.applications import Starlette

from hub.errors import TryLater
from hub.web import health
from hub.web.figures import Sample
from hub.web.graphql import Observation
from hub.web.health import Check
from hub.web.metrics import Metrics
from tests.web.conftest import client_of


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
        Sample("hub_deliveries", ("fake", "HELD"), 3),
    ]


@pytest.mark.parametrize(
    ("checks", "reasons"),
    [
        ({"database": well}, None),
        ({"database": well, "migrations": ill}, {"migrations": "Migrations are not applied; run hub migrate."}),
        ({"database": away}, {"database": "The database does not answer."}),
        ({"database": hanging}, {"database": "No answer within 0.05 seconds."}),
    ],
)
async def test_ready_once_every_check_is_well(
    monkeypatch: pytest.MonkeyPatch, checks: dict[str, Check], reasons: dict[str, str] | None
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    async with client_of(Starlette(routes=health.routes(checks, Metrics()))) as hub:
        ready, alive = await hub.get("/readyz"), await hub.get("/healthz")
    assert alive.json() == {"status": "alive"}
    assert ready.status_code == (503 if reasons else 200)
    assert ready.json().get("reasons") == reasons


async def test_operations_and_systems_are_measured() -> None:
    metrics = Metrics(figures)
    metrics.observe(Observation("query", "ok", 0.02, 7))
    metrics.observe(Observation("query", "ok", 0.03, None))
    metrics.observe(Observation("unread", "refused", 0.001, None))
    async with client_of(Starlette(routes=health.routes({}, metrics))) as hub:
        text = (await hub.get("/metrics")).text
    for line in (
        'hub_operations_total{outcome="ok",type="query"} 2.0',
        'hub_operations_total{outcome="refused",type="unread"} 1.0',
        'hub_operation_seconds_count{type="query"} 2.0',
        'hub_operation_statements_bucket{le="8.0",type="query"} 1.0',
        'hub_operation_statements_sum{type="query"} 7.0',
        'hub_system_lag_seconds{direction="in",system="fake"} 12.5',
        'hub_system_records{system="other"} 0.0',
        'hub_deliveries{state="HELD",system="fake"} 3.0',
    ):
        assert line in text
    assert 'system="other"' not in text.replace('hub_system_records{system="other"}', "")


async def test_figures_that_cannot_be_had_leave_the_others() -> None:
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
