"""What operators look at: is the process alive, is it ready, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.errors import HubError
from hub.web.graphql import Observation

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else a sentence that says what is not; it may raise a ``HubError`` instead."""


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """One system's figures; ``lag`` is the seconds since the last complete pull, None before the first."""

    name: str
    lag: float | None
    records: int
    quarantined: int


Figures = Callable[[], Awaitable[Sequence[SystemFigures]]]
"""Tells the figures of all systems; raises a ``HubError`` when it cannot, and they are then left out."""


class Metrics:
    """The figures of this process, in a registry of their own; ``observe`` goes to the GraphQL endpoint."""

    def __init__(self, figures: Figures | None = None) -> None:
        self._figures = figures
        self.registry = registry = CollectorRegistry()
        self._operations = Counter("hub_operations", "GraphQL operations", ["type", "outcome"], registry=registry)
        self._seconds = Histogram(
            "hub_operation_seconds", "Time an operation took, in seconds", ["type"], registry=registry
        )
        self._statements = Histogram(
            "hub_operation_statements",
            "SQL statements an operation took",
            ["type"],
            registry=registry,
            buckets=(0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 64),
        )
        self._lag = Gauge(
            "hub_system_lag_seconds", "Seconds since the last complete pull", ["system"], registry=registry
        )
        self._records = Gauge("hub_system_records", "Records held of a system", ["system"], registry=registry)
        self._quarantined = Gauge(
            "hub_system_quarantined", "Items of a system in quarantine", ["system"], registry=registry
        )

    def observe(self, seen: Observation) -> None:
        """Count one operation."""
        self._operations.labels(seen.kind, seen.outcome).inc()
        self._seconds.labels(seen.kind).observe(seen.seconds)
        if seen.statements is not None:
            self._statements.labels(seen.kind).observe(seen.statements)

    async def page(self, request: Request) -> Response:
        """``/metrics`` in Prometheus' text format."""
        await self._ask_systems()
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask_systems(self) -> None:
        """Cleared first, so that a system that is gone, or not known now, leaves no old figure behind."""
        for gauge in (self._lag, self._records, self._quarantined):
            gauge.clear()
        if self._figures is None:
            return
        try:
            systems = await self._figures()
        except HubError:
            return
        for system in systems:
            if system.lag is not None:
                self._lag.labels(system.name).set(system.lag)
            self._records.labels(system.name).set(system.records)
            self._quarantined.labels(system.name).set(system.quarantined)


def routes(checks: Mapping[str, Check], metrics: Metrics) -> list[BaseRoute]:
    """``/healthz`` (the process answers), ``/readyz`` (every check is well, else 503 with reasons), ``/metrics``."""

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        told = await asyncio.gather(*(_ask(check) for check in checks.values()))
        reasons = {name: reason for name, reason in zip(checks, told, strict=True) if reason}
        status = {"status": "not ready", "reasons": reasons} if reasons else {"status": "ready"}
        return JSONResponse(status, 503 if reasons else 200, {"Cache-Control": "no-store"})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics.page)]


async def _ask(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"No answer within {CHECK_SECONDS:g} seconds."
    except HubError as error:
        return str(error)
