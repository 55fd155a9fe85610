"""The tables of the documents, from ``results.json``. ``python -m bench.tables`` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.summary import BASE

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results.json"
DESK, LEAN = "desk officer", "lean officer"
MARKS = "<!-- bench:{name} -->\n", "<!-- /bench:{name} -->"
NAMES = {
    "hub": "**the hub**",
    "hand-written": "hand-written: Starlette, asyncpg, orjson",
    "strawberry": "Strawberry, DataLoaders, SQLAlchemy",
    "mercurius": "Mercurius, graphql-jit, loaders",
    "yoga": "GraphQL Yoga, DataLoaders",
    "hive": "Hive Gateway over the hub's subgraphs",
}
"""The contenders of the README's table, as it names them."""
TARGETS = {BASE: 0.9, "mercurius": 1.0, "strawberry": 7.0}
MOST_POSTGRES = 1.3
PLACES = {"README.md": ("short",), "docs/performance.md": ("contenders", "targets", "viewers")}


def short(results: dict[str, Any]) -> str:
    """Return the table of the README: multiples of the hand-written endpoint's figures, the fastest first."""
    desk, lean = _of(results, DESK), _of(results, LEAN)
    head = (
        "| | requests a second | CPU time a request: server | PostgreSQL | requests a second, shorter query |\n"
        "|---|---|---|---|---|\n"
    )
    rows = [
        f"| {shown} | {_median(desk[name], 'requests')} | {_cpu(desk[name])} | {_median(lean[name], 'requests')} |"
        for name, shown in sorted(NAMES.items(), key=lambda named: -_requests(desk, named[0]))
        if name in desk
    ]
    return head + "\n".join(rows) + "\n"


def contenders(results: dict[str, Any]) -> str:
    """Return the table of all contenders for both queries of the officer, with spreads."""
    head = (
        "| query | connections | | requests/s | ratio (least–greatest) | p95, ms | CPU ms: server | PostgreSQL |"
        " ratio of both (least–greatest) | MiB |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    found = [
        (query, connections, name, one)
        for query in (DESK, LEAN)
        for connections in (1, 16)
        for name, one in results["requests"].get(f"{query}, {connections} conn.", {}).items()
    ]
    rows = [
        f"| {query.partition(' ')[0]} | {connections} | {name} | {one['per_second']:.0f} | {_spread(one, 'requests')} |"
        f" {one['p95_ms']:.0f} | {one['server_cpu_ms']:.2f} | {one['postgres_cpu_ms']:.2f} | {_spread(one, 'cpu')} |"
        f" {one['resident_mib']:.0f} |"
        for query, connections, name, one in found
    ]
    return head + "\n".join(rows) + "\n"


def targets(results: dict[str, Any]) -> str:
    """Return the table of what the hub is to reach, and what it has reached for the officer's queries."""
    rows = ["| the hub, over 16 connections | target | desk | lean |\n|---|---|---|---|"]
    for name, least in TARGETS.items():
        found = [_beside(results, query, name) for query in (DESK, LEAN)]
        rows.append(f"| requests a second, × {NAMES[name]} | ≥ {least} | {' | '.join(found)} |")
    postgres = [_median(_of(results, query)["hub"], "postgres_cpu") for query in (DESK, LEAN)]
    rows.append(f"| CPU time of PostgreSQL, × {NAMES[BASE]} | ≤ {MOST_POSTGRES} | {' | '.join(postgres)} |")
    return "\n".join(rows) + "\n"


def _beside(results: dict[str, Any], query: str, name: str) -> str:
    of_case = _of(results, query)
    return f"{_requests(of_case, 'hub') / _requests(of_case, name):.2f}" if name in of_case else "–"


def _of(results: dict[str, Any], query: str) -> dict[str, Any]:
    of_case: dict[str, Any] = results["requests"][f"{query}, 16 conn."]
    return of_case


def viewers(results: dict[str, Any]) -> str:
    """Return the table of the hub for each kind of viewer, as multiples of the hand-written endpoint."""
    head = "| query and viewer | requests a second | CPU time a request, server | PostgreSQL |\n|---|---|---|---|\n"
    rows = [
        f"| {case.partition(',')[0]} | {_median(of_case['hub'], 'requests')} | {_cpu(of_case['hub'])} |"
        for case, of_case in results["requests"].items()
        if case.endswith("16 conn.")
    ]
    return head + "\n".join(rows) + "\n"


def _requests(of_case: dict[str, Any], name: str) -> float:
    return float(of_case[name]["requests_ratio"]["median"]) if name in of_case else 0.0


def _median(one: dict[str, Any], what: str) -> str:
    return f"{one[f'{what}_ratio']['median']:.2f}"


def _cpu(one: dict[str, Any]) -> str:
    return f"{_median(one, 'server_cpu')} | {_median(one, 'postgres_cpu')}"


def _spread(one: dict[str, Any], what: str) -> str:
    ratio = one[f"{what}_ratio"]
    return f"{ratio['median']:.2f} ({ratio['least']:.2f}–{ratio['greatest']:.2f})"


TABLES = {"short": short, "contenders": contenders, "targets": targets, "viewers": viewers}


def rendered(page: str) -> str:
    """Return the text of a page with its tables as the results have them."""
    text, results = (ROOT / page).read_text(), json.loads(RESULTS.read_text())
    for name in PLACES[page]:
        begin, end = (mark.format(name=name) for mark in MARKS)
        assert begin in text, f"{page} has no place for the table {name}"
        table = begin + TABLES[name](results) + end
        before, _, rest = text.partition(begin)
        text = before + table + rest.partition(end)[2]
    return text


def write() -> None:
    """Write all tables."""
    for page in PLACES:
        (ROOT / page).write_text(rendered(page))


if __name__ == "__main__":
    write()
