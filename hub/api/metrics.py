"""``/metrics`` for Prometheus: counters of this process, and gauges read from the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from hub.api.event_counter import EventCounter
from hub.api.gauges import GAUGES, Sample
from hub.api.graphql.endpoint import OTHER_CLIENT, Observation
from hub.errors import HubError
from hub.store.operations.event_counts import Event
from hub.web.ttl_cache import CachedCall

GaugeSource = Callable[[], Awaitable[Sequence[Sample]]]
"""Returns the samples of all gauges. If it raises a ``HubError``, the gauges are omitted."""


_HOOK_EVENTS = {"refused": Event.HOOK_REFUSED, "taken": Event.HOOK_TAKEN}


class Metrics:
    """The metrics of this process in their own registry; ``observe`` is for the GraphQL endpoint.

    What operators must know of all processes is also counted by ``events``.
    """

    def __init__(self, gauges: GaugeSource | None = None, events: EventCounter | None = None) -> None:
        self._source, self._events = gauges, events
        self._samples = CachedCall(self._read_samples)
        self.registry = registry = CollectorRegistry()
        self._operations = Counter("hub_operations", "GraphQL operations", ["type", "outcome"], registry=registry)
        self._seconds = Histogram(
            "hub_operation_seconds", "Duration of GraphQL operations in seconds", ["type"], registry=registry
        )
        self._statements = Histogram(
            "hub_operation_statements",
            "SQL statements per GraphQL operation",
            ["type"],
            registry=registry,
            buckets=(0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 64),
        )
        self._gauges = {
            name: Gauge(name, figure.description, figure.labels, registry=registry) for name, figure in GAUGES.items()
        }
        self._calls = Counter("hub_hook_calls", "Webhook calls", ["system", "hook", "outcome"], registry=registry)

        self._sign_ins = Counter("hub_sign_ins", "Sign-in attempts", ["method", "outcome"], registry=registry)
        self._by_client = Counter(
            "hub_client_operations", "GraphQL operations by client", ["client", "outcome"], registry=registry
        )
        self._cost = Counter(
            "hub_client_cost", "Charged cost of GraphQL operations by client", ["client"], registry=registry
        )

        self._streams = Gauge("hub_streams", "Open streams of this process", registry=registry)
        self._snapshots = Counter(
            "hub_snapshots", "Reads of operations by where: replica or primary", ["where"], registry=registry
        )

    def watch_streams(self, count: Callable[[], int]) -> None:
        """Show what ``count`` returns as the number of open streams."""
        self._streams.set_function(count)

    def count_snapshot(self, where: str) -> None:
        """Count what an operation reads at one moment; ``where`` is ``replica`` or ``primary``."""
        self._snapshots.labels(where).inc()

    def count_sign_in(self, method: str, outcome: str) -> None:
        """Count a sign-in attempt; ``outcome`` is ``ok``, ``refused`` or ``limited`` (too many attempts)."""
        self._sign_ins.labels(method, outcome).inc()

    def observe(self, observation: Observation) -> None:
        """Count a GraphQL operation."""
        self._operations.labels(observation.kind, observation.outcome).inc()
        if observation.outcome == "failed" and self._events:
            self._events.count(Event.OPERATION_FAILED)
        if observation.client != OTHER_CLIENT and self._events:
            self._events.count(Event.CLIENT_OPERATION, observation.client)
            self._events.count(Event.CLIENT_COST, observation.client, observation.cost)
        self._by_client.labels(observation.client, observation.outcome).inc()
        self._cost.labels(observation.client).inc(observation.cost)
        self._seconds.labels(observation.kind).observe(observation.seconds)
        if observation.statements is not None:
            self._statements.labels(observation.kind).observe(observation.statements)

    def count_webhook(self, system: str, hook: str, outcome: str) -> None:
        """Count a webhook call; ``outcome`` is ``taken`` (stored), ``refused`` or ``unavailable``."""
        self._calls.labels(system, hook, outcome).inc()
        if outcome in _HOOK_EVENTS and self._events:
            self._events.count(_HOOK_EVENTS[outcome], system)

    async def endpoint(self, request: Request) -> Response:
        """Return the metrics in the text format of Prometheus."""
        await self._refresh()
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _refresh(self) -> None:
        samples = await self._samples()
        # Clear the gauges first, so that no old sample of a removed system remains.
        for gauge in self._gauges.values():
            gauge.clear()
        for sample in samples:
            self._gauges[sample.gauge].labels(*sample.labels).set(sample.value)

    async def _read_samples(self) -> Sequence[Sample]:
        try:
            return await self._source() if self._source else ()
        except HubError:
            return ()
