"""Spans of the worker's jobs: the task and its system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from procrastinate import JobContext

from hub import tracing
from hub.tracing import SpanKind


async def run_in_span(call_next: Callable[[], Awaitable[Any]], job: JobContext, worker: object) -> Any:
    """Run a job within its span, with the trace id in the lines that it logs."""
    task = job.job.task_name
    attributes: dict[str, str | int] = {
        "messaging.system": "procrastinate",
        "messaging.operation.type": "process",
        "messaging.destination.name": task,
    }
    system = job.job.task_kwargs.get("system")
    attributes |= {"hub.system": system} if isinstance(system, str) else {}
    with (
        tracing.span(f"process {task}", SpanKind.CONSUMER, attributes) as span,
        structlog.contextvars.bound_contextvars(trace_id=span.trace_id),
    ):
        return await call_next()
