"""``/metrics``: what this process did, and what the database says of all else, for Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import HubError
from hub.web.figures import FIGURES, Sample
from hub.web.graphql import Observation

Asked = Callable[[], Awaitable[Sequence[Sample]]]
"""Tells all figures; raises a ``HubError`` when it cannot, and they are then left out."""


class Metrics:
    """The figures of this process, in a registry of their own; ``observe`` goes to the GraphQL endpoint."""

    def __init__(self, asked: Asked | None = None) -> None:
        self._asked = asked
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
        self._gauges = {
            name: Gauge(name, figure.meaning, figure.labels, registry=registry) for name, figure in FIGURES.items()
        }
        self._calls = Counter(
            "hub_hook_calls", "Calls of systems to their hooks", ["system", "hook", "outcome"], registry=registry
        )

    def observe(self, seen: Observation) -> None:
        """Count one operation."""
        self._operations.labels(seen.kind, seen.outcome).inc()
        self._seconds.labels(seen.kind).observe(seen.seconds)
        if seen.statements is not None:
            self._statements.labels(seen.kind).observe(seen.statements)

    def called(self, system: str, hook: str, outcome: str) -> None:
        """Count one call of a system to one of its hooks: ``taken``, ``refused`` or ``unavailable``."""
        self._calls.labels(system, hook, outcome).inc()

    async def page(self, request: Request) -> Response:
        """``/metrics`` in Prometheus' text format."""
        await self._ask()
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask(self) -> None:
        told = await self._told()
        # Cleared first, so that a system that is gone, or not known now, leaves no old figure behind.
        for gauge in self._gauges.values():
            gauge.clear()
        for sample in told:
            self._gauges[sample.figure].labels(*sample.labels).set(sample.value)

    async def _told(self) -> Sequence[Sample]:
        try:
            return await self._asked() if self._asked else ()
        except HubError:
            return ()
