"""Mixed work at what the hub can do and far beyond it: ``python -m bench.overload``.

One ``hub serve`` on a filled database gets reads, submissions, pushes and readers of the feed: first from a few
clients, then from a thousand, then from the few again. Printed as JSON: what was answered, how long good answers took,
how long ``/healthz`` took meanwhile, how the memory grew, and how long after the peak answers were as fast as before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from bench import cpu, pull, viewers
from bench.cases import QUERIES
from bench.contenders import hub
from bench.request_costs import data_set
from bench.setting import CIPHER
from hub.auth.scopes import sync_scope
from hub.auth.signing_keys import SigningKeys
from hub.store.database import Cause, Database
from hub.store.oauth import clients

SYSTEM = "gopay"
ROWS = 20
"""Rows of one push."""
SHARES = {"read": 70, "submission": 10, "push": 10, "feed": 10}
"""How many clients of a hundred are of each kind."""
PAUSE = 0.1
"""Seconds between two requests for ``/healthz``."""
_SUBMIT = """mutation Submit($input: SubmitComplaintInput!) { submitComplaint(input: $input) {
  ... on SubmitComplaintPayload { ticket } ... on UserError { code } } }"""
_COMPLAINT = {
    "idempotencyKey": "bench-{n}",
    "channel": "GOJEK",
    "class": "COMPLAINT",
    "areaCode": "33.74",
    "title": "Bus tidak berhenti di halte",
    "text": "Bus koridor 7 lewat tanpa berhenti di halte.",
    "anonymous": False,
    "reporter": {"name": "Uji {n}", "phone": "+62 811 0000 0000"},
}
CLIENT = replace(
    viewers.PARTNER, id="bench-mixed", scopes=("complaints:submit", sync_scope(SYSTEM).name), channels=("GOJEK",)
)


@dataclass
class Watched:
    """What was seen of the process meanwhile: milliseconds of ``/healthz``, and resident MiB each second."""

    health: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the latencies of ``/healthz``, and the memory at the beginning, at most and at the end."""
        return {
            "healthz_ms": quantiles(self.health),
            "resident_mib": [self.resident[0], max(self.resident), self.resident[-1]],
        }


async def measure(folder: Path, connections: int, few: int, seconds: float) -> dict[str, Any]:
    """Return the figures of the three phases."""
    async with data_set(folder, short=True) as data:
        token = await _token(data.url)
        rows = await _rows(folder)
        contender = hub(data.url, folder, HUB_RATE_SUBMISSIONS="100000000")
        async with contender.running(folder):
            plan = [_client(n, data.viewers["officer"].headers, token, rows) for n in range(connections)]
            await _run(contender.port, plan[:few], 5)
            found = {"capacity": await _phase(contender, plan[:few], max(10, seconds / 6))}
            found["peak"] = await _phase(contender, plan, seconds)
            found["after"] = await _phase(contender, plan[:few], 15)
    before = found["capacity"]["read"]["p50_ms"]
    found["after"]["seconds_until_as_before"] = recovered(found["after"].pop("reads"), 1.5 * before)
    for phase in ("capacity", "peak"):
        del found[phase]["reads"]
    return {"connections": connections, "few": few, "seconds": seconds, **found}


def _client(number: int, officer: dict[str, str], token: str, rows: str) -> dict[str, Any]:
    """Return one client of the mix; the kinds alternate."""
    own = {"Authorization": f"Bearer {token}"}
    as_json = {"Content-Type": "application/json"}
    graphql = {"method": "POST", "path": "/graphql"}
    place = number * 37 % 100
    if place < SHARES["read"]:
        query = QUERIES["desk" if number % 2 else "lean"]
        return {
            "kind": "read",
            "request": {**graphql, "headers": officer | as_json, "body": json.dumps({"query": query})},
        }
    if place < SHARES["read"] + SHARES["submission"]:
        body = json.dumps({"query": _SUBMIT, "variables": {"input": _COMPLAINT}})
        return {"kind": "submission", "request": {**graphql, "headers": own | as_json, "body": body}}
    if place < 100 - SHARES["feed"]:
        headers = own | {"Content-Type": "application/x-ndjson", "Idempotency-Key": "bench-{n}"}
        return {
            "kind": "push",
            "request": {"method": "POST", "path": f"/bulk/{SYSTEM}", "headers": headers, "body": rows},
        }
    feed = {"method": "GET", "path": f"/feed?systems={SYSTEM}&after=now", "headers": own}
    return {"kind": "feed", "stream": True, "request": feed}


async def _phase(contender: Any, plan: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    async with _watched(contender) as seen:
        found = await _run(contender.port, plan, seconds)
    figures: dict[str, Any] = {"clients": len(plan)}
    for kind, outcomes in found["outcomes"].items():
        good = found["good"].get(kind, [])
        figures[kind] = {
            "outcomes": outcomes,
            "good_per_second": round(len(good) / seconds, 1),
            **quantiles([took for _, took in good]),
        }
    return {**figures, "events": found["events"], **seen.summary(), "reads": found["good"].get("read", [])}


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and greatest."""
    ordered = sorted(milliseconds)
    if not ordered:
        return {}
    places = {"p50_ms": len(ordered) // 2, "p99_ms": len(ordered) * 99 // 100, "max_ms": -1}
    return {name: round(ordered[place], 1) for name, place in places.items()}


def recovered(reads: list[tuple[float, float]], limit: float) -> int | None:
    """Return the first second from which on the median of each second is below ``limit``; None if there is none."""
    by_second: dict[int, list[float]] = {}
    for ended, took in reads:
        by_second.setdefault(int(ended), []).append(took)
    slow = [second for second, found in by_second.items() if statistics.median(found) > limit]
    first = max(slow, default=-1) + 1
    return first if first in by_second else None


async def _run(port: int, plan: list[dict[str, Any]], seconds: float) -> Any:
    command = [sys.executable, "-m", "bench.mixed_load"]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    given = json.dumps({"port": port, "seconds": seconds, "clients": plan}).encode()
    output, _ = await process.communicate(given)
    if process.returncode:
        raise RuntimeError("the clients failed")
    return json.loads(output)


@asynccontextmanager
async def _watched(contender: Any) -> AsyncIterator[Watched]:
    """Watch ``/healthz`` and the memory of a running hub until the block ends."""
    seen = Watched()

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            while True:
                began = time.perf_counter()
                (await http.get(f"http://127.0.0.1:{contender.port}/healthz")).raise_for_status()
                seen.health.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(PAUSE)

    async def weigh() -> None:
        while True:
            seen.resident.append(cpu.resident_mib(contender.processes))
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(ask()), asyncio.create_task(weigh())]
    await asyncio.sleep(0)
    yield seen
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(ended, asyncio.CancelledError):
            raise RuntimeError("/healthz did not answer") from ended


async def _token(url: str) -> str:
    database = Database(url, pool_size=2)
    async with database.write(Cause("bench", "bench", uuid.uuid4().hex)) as db:
        await clients.create(db, CLIENT)
    signer = await SigningKeys(database, CIPHER).signer()
    await database.close()
    return viewers.token(signer, CLIENT)


async def _rows(folder: Path) -> str:
    async with pull.connected(folder) as connector:
        items, _ = await pull.read(connector)
    return "\n".join(json.dumps(each) for each in items[:ROWS])


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--few", type=int, default=20, help="clients before and after the peak")
    parser.add_argument("--seconds", type=float, default=60, help="of the peak")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        found = asyncio.run(measure(Path(name), options.connections, options.few, options.seconds))
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
