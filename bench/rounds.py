"""Interleaved rounds: each measures every contender once for every case, so that all have the same neighbours."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import cpu
from bench.cases import Case
from bench.contenders import Contender

Measured = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """How long to measure, over how many connections; ``server`` is PostgreSQL's process.

    ``warm_up`` seconds of load come before the first round: engines compile what runs often. ``wake`` seconds come
    before each: who rested for long finds its connections closed, and fails the first requests.
    """

    server: int
    rounds: int
    seconds: float
    connections: tuple[int, ...] = (1, 16)
    warm_up: float = 1.0
    wake: float = 0.0


async def measure(
    plan: Plan, contenders: Sequence[Contender], pages: Mapping[Case, Sequence[str | None]]
) -> dict[str, dict[str, list[Measured]]]:
    """Return what each round measured, by case and contender."""
    found: dict[str, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))
    for number in range(plan.rounds):
        for case, after in pages.items():
            entrants = [each for each in contenders if case.viewer.kind in each.viewers]
            for contender in _rotated(entrants, number):
                if number == 0:
                    await _generated(contender, case, after, max(plan.connections), plan.warm_up)
                for connections in plan.connections:
                    if plan.wake:
                        await _generated(contender, case, after, connections, plan.wake)
                    one = await _load(plan.server, contender, case, after, connections, plan.seconds)
                    found[f"{case.name}, {connections} conn."][contender.name].append(one)
                    _report(number, case, contender, connections, one)
    return found


def _rotated(entrants: Sequence[Contender], number: int) -> Sequence[Contender]:
    """Return the entrants in another order in each round, because each leaves caches and clocks as it used them."""
    start = number % len(entrants)
    return [*entrants[start:], *entrants[:start]]


async def _load(
    server: int, contender: Contender, case: Case, pages: Sequence[str | None], connections: int, seconds: float
) -> Measured:
    """Return what one round of load measured: requests a second, latencies, and CPU milliseconds of a request."""
    before, database = cpu.seconds(contender.processes), cpu.seconds_of_postgres(server)
    found = await _generated(contender, case, pages, connections, seconds)
    count = found["requests"]
    if found["failed"]:
        failure = f"{contender.name} failed {found['failed']} of {count} requests of {case.name}"
        raise RuntimeError(f"{failure}; the first answer: {found['failure']}")
    return {
        "per_second": count / found["seconds"],
        "p50_ms": found["p50_ms"],
        "p95_ms": found["p95_ms"],
        "server_cpu_ms": (cpu.seconds(contender.processes) - before) * 1000 / count,
        "postgres_cpu_ms": (cpu.seconds_of_postgres(server) - database) * 1000 / count,
        "load_cpu_ms": found["cpu_seconds"] * 1000 / count,
        "resident_mib": cpu.resident_mib(contender.processes),
        "bytes": found["bytes"] / count,
    }


async def _generated(
    contender: Contender, case: Case, pages: Sequence[str | None], connections: int, seconds: float
) -> dict[str, Any]:
    """Run the load generator in a process of its own."""
    requests = [contender.request(case, after) for after in pages]
    plan = {"port": contender.port, "requests": requests, "connections": connections, "seconds": seconds}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(json.dumps(plan).encode())
    if process.returncode:
        raise RuntimeError("the load generator failed")
    found: dict[str, Any] = json.loads(out)
    return found


def _report(number: int, case: Case, contender: Contender, connections: int, one: Measured) -> None:
    sys.stderr.write(
        f"{number + 1} {case.name:16} {connections:2} {contender.name:16} {one['per_second']:8.1f}/s  p95"
        f" {one['p95_ms']:6.1f} ms  CPU ms: server {one['server_cpu_ms']:6.2f}, PostgreSQL"
        f" {one['postgres_cpu_ms']:5.2f}, load {one['load_cpu_ms']:.2f}\n"
    )
