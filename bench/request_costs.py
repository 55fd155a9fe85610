"""Measures requests: the hub beside its baselines, on one filled database, in interleaved rounds."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench import filled, viewers
from bench.cases import Case, cases
from bench.comparison import compare, cursors
from bench.contenders import Contender, all_running, hand_written, hub, node, strawberry
from bench.hive import Hive
from bench.machine import machine, versions
from bench.rounds import Plan, measure
from bench.summary import summaries
from bench.viewers import Viewer
from hub.runtime.embedded_postgres import THROWAWAY, EmbeddedPostgres

CONNECTIONS = {"max_connections": "200"}
"""All contenders run at the same time, each with its pool."""


@dataclass(frozen=True)
class DataSet:
    """The filled database, and where its contenders write their logs."""

    url: str
    folder: Path
    server: int
    viewers: Mapping[str, Viewer]


CONTENDERS: dict[str, Callable[[DataSet], Contender]] = {
    "hub": lambda data: hub(data.url, data.folder),
    "hand-written": lambda data: hand_written(data.url, data.viewers),
    "hub graphql-core": lambda data: hub(data.url, data.folder, "hub graphql-core", HUB_EXECUTOR="graphql-core"),
    "strawberry": lambda data: strawberry(data.url),
    "mercurius": lambda data: node(data.url, "mercurius"),
    "yoga": lambda data: node(data.url, "yoga"),
    "hive": lambda data: Hive(data.url, data.folder),
}
"""Each baseline by its name; the first is what the others must answer like."""


@asynccontextmanager
async def data_set(folder: Path, *, short: bool = False) -> AsyncIterator[DataSet]:
    """Yield the data set in a private PostgreSQL, with the settings of ``hub run``, or faster with ``short``."""
    server = EmbeddedPostgres(folder / "requests", (THROWAWAY if short else {}) | CONNECTIONS)
    began = time.perf_counter()
    url = server.start()
    try:
        await filled.fill(url, folder, short=short)
        found = await viewers.register(url)
        sys.stderr.write(f"The data set is filled, in {time.perf_counter() - began:.0f} s.\n")
        assert server.pid
        yield DataSet(url, folder, server.pid, found)
    finally:
        server.stop()
        server.destroy()


async def run(data: DataSet, names: Sequence[str], of: Sequence[Case], **plan: Any) -> dict[str, Any]:
    """Return medians and ratios of the contenders ``names`` for some cases, after a check that their answers agree."""
    contenders = [CONTENDERS[name](data) for name in names]
    async with all_running(contenders, data.folder):
        pages = await checked(contenders, of)
        found = await measure(Plan(data.server, **plan), contenders, pages)
    return summaries(found)


async def checked(contenders: Sequence[Contender], of: Sequence[Case]) -> dict[Case, list[str | None]]:
    """Return the pages of each case; raises ``RuntimeError`` if a contender answers otherwise than the first."""
    pages = {}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for case in of:
            pages[case] = await cursors(client, contenders[0], case)
            await compare(contenders, case, pages[case])
    sys.stderr.write(f"The same answers from {', '.join(each.name for each in contenders)}.\n")
    return pages


async def full(folder: Path, names: Sequence[str], **plan: Any) -> dict[str, Any]:
    """Return the results of all viewers, with the machine and the versions."""
    on = machine()
    async with data_set(folder) as data:
        found = await run(data, names, cases(dict(data.viewers)), **plan)
        return {"machine": on, "versions": versions(data.url), "plan": plan, "requests": found}
