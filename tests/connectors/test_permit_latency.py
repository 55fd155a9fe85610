"""The time from a decision of the centre until the graph shows it, and until the licensing app has it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from hub.store.database import Cause
from tests import hub_processes
from tests.connectors.licensing_hub import LicensingHub, licensing_hub
from tests.waits import HANGS_AFTER, hanging, wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(6 * HANGS_AFTER)]

SIZE, DECISIONS = 400, 100
DECIDED = (("50", "ISSUED", "TERBIT"), ("52", "PROVISIONAL", "TERBIT_SEMENTARA"))
"""Codes of OSS, of the graph and of the app. The document tells of 50; the hub has to ask for 52."""
SHOWN = "query($n: String!) {permitFacts(number: $n) {status}}"
NOT_PULLED = "select count(*) from systems where synced_at is null"
OPEN = """select (select count(*) from inquiries where due_at <= now()) + (select count(*) from decisions
    where state in ('WAITING', 'SENDING') and due_at < now() + interval '5 seconds')"""
LONG_AGO = "update inquiries set asked_at = asked_at - interval '1 minute'"
"""The hub looks up one permit every 30 seconds at most; these were looked up just now, after OSS reported them all."""
POLL = 0.02


async def settled(hub: LicensingHub) -> None:
    """Wait until both systems were read and nothing is left to ask or send."""
    await hub.called()

    async def holds() -> bool:
        return await hub.rows(NOT_PULLED) == [(0,)] and await hub.rows(OPEN) == [(0,)]

    await wait_until(holds, lambda: "something is still to be asked or sent")
    async with hub.database.write(Cause("clock", "test", "time passes")) as db:
        await db.execute(text(LONG_AGO))


async def decide(hub: LicensingHub, http: httpx.AsyncClient, number: int) -> tuple[float, float]:
    """Let the centre decide an open permit; return the seconds until the graph shows it, and until the app has it."""
    code, status, kode = DECIDED[number % len(DECIDED)]
    store = hub.app.sandbox.store  # type: ignore[attr-defined]
    began = time.perf_counter()
    permit = hub.oss.sandbox.act({"do": "approve", "kd_status": code})["id_izin"]
    shown = there = 0.0
    async with hanging():
        while not (shown and there):
            if not shown:
                answer = await http.post("/graphql", json={"query": SHOWN, "variables": {"n": permit}})
                shown = time.perf_counter() - began if answer.json()["data"]["permitFacts"]["status"] == status else 0.0
            if not there and store.with_permit(permit).kode == kode:
                there = time.perf_counter() - began
            await asyncio.sleep(POLL)
    return shown, there


async def decide_all(hub: LicensingHub, http: httpx.AsyncClient) -> list[tuple[float, float]]:
    """Let the centre decide one open permit after the other, until it has no more."""
    found = list[tuple[float, float]]()
    with suppress(ValueError):
        while len(found) < DECISIONS:
            found.append(await decide(hub, http, len(found)))
    assert len(found) > 1
    return found


async def test_a_decision_reaches_graph_and_app(
    postgres_url: str, template_database: str, tmp_path: Path, record_figure: Callable[[str], None]
) -> None:
    async with licensing_hub(postgres_url, template_database, tmp_path, SIZE) as hub:
        env = hub_processes.variables(tmp_path, **hub.env)
        with hub_processes.started("worker", env=env, log=tmp_path / "worker.log"):
            hub.oss.sandbox.act({"do": "notify_all"})
            await settled(hub)
            # The server ends a connection that was idle while it is about to be used.
            close = {"connection": "close"}
            async with httpx.AsyncClient(base_url=hub.url, trust_env=False, headers=close) as http:
                found = await decide_all(hub, http)
    for what, times in zip(("in the graph", "in the app"), zip(*found, strict=True), strict=True):
        cuts = statistics.quantiles(times, n=100)
        record_figure(f"a decision of OSS is {what} after {cuts[49]:.2f} s (p50), {cuts[98]:.2f} s (p99), {len(times)}")
