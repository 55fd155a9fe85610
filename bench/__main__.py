"""Runs every measurement against a private database and writes ``bench/results.json``."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import bearer, bulk, desk, pull
from hub.process.embedded import embedded


async def main() -> None:
    """Fill once, then measure one thing after the other; nothing else should run meanwhile."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        async with embedded(Path(folder)) as url:
            results = {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "python": platform.python_version(),
                "first_pull": await pull.measure(url, Path(folder)),
                "desk_query": await desk.measure(url),
                "bearer_check": await bearer.measure(url),
                "bulk": await bulk.measure(Path(folder)),
            }
    text = json.dumps(results, indent=2)
    Path(__file__).with_name("results.json").write_text(text + "\n")
    sys.stdout.write(text + "\n")


asyncio.run(main())
