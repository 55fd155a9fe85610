"""The machine and the versions that a result was measured with; neither its name nor a path."""

from __future__ import annotations

import json
import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg

PACKAGES = ("starlette", "uvicorn", "strawberry-graphql", "graphql-core", "sqlalchemy", "psycopg", "asyncpg", "orjson")
NODE_PACKAGES = ("mercurius", "graphql-jit", "graphql-yoga", "dataloader", "pg", "@graphql-hive/gateway")
LOCK = Path(__file__).parents[1] / "tests" / "clients" / "package-lock.json"


def machine() -> dict[str, Any]:
    """Return cores, CPU model, memory, and the load when it is called."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    kib = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cores": os.cpu_count(),
        "cpu": model[1] if model else platform.machine(),
        "memory_gib": round(int(kib[1]) / 2**20, 1) if kib else None,
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(url: str) -> dict[str, str]:
    """Return the versions of Python, of PostgreSQL at ``url``, and of the packages that matter."""
    with psycopg.connect(url) as db:
        postgres = str(db.info.server_version // 10_000)
    packages = json.loads(LOCK.read_text())["packages"]
    node = {
        name: packages[f"node_modules/{name}"]["version"]
        for name in NODE_PACKAGES
        if f"node_modules/{name}" in packages
    }
    python = {name: metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "postgresql": postgres, **python, **node}
