"""``hub status``: versions, workers, jobs, and the feed with its readers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database


def status(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show versions, workers, jobs, and the feed with its readers; `hub keys list` shows the keys."""
    found = common.run(_load)
    lines = [
        f"hub {found['hub']}, PostgreSQL {found['postgresql']}, migration {found['migration']}",
        f"{found['workers']['running']} workers, last heartbeat {found['workers']['last_heartbeat'] or 'never'}",
        *(f"job    {each['task']:<24} {each['status']:<6} {each['number']:>6}" for each in found["jobs"]),
        *(f"feed   {each['system']:<24} {each['position']:>12}  {each['lag']:.0f} s" for each in found["feed"]),
        *(
            f"reader {each['webhook_id']:<28} {each['client']:<16} {each['behind']:>8} behind"
            for each in found["readers"]
        ),
    ]
    common.print_result(found, "\n".join(lines), json=json)


async def _load(settings: Settings, store: Database) -> dict[str, Any]:
    from importlib.metadata import version

    from hub.store import server_settings
    from hub.store.feed import sequence
    from hub.store.operations import feed_readers, jobs
    from hub.store.webhooks import endpoints
    from hub.viewer import WORKER

    async with store.read() as db:
        server, migration = await server_settings.versions(db)
        workers, groups = await jobs.workers(db), await jobs.groups(db)
        heads = await sequence.sequencer_status(db)
        readers = feed_readers.readers(await endpoints.find(db, WORKER), heads)
    return {
        "hub": version("hub"),
        "postgresql": server,
        "migration": migration,
        "workers": asdict(workers),
        "jobs": [asdict(each) for each in groups],
        "feed": [asdict(each) for each in heads],
        "readers": [asdict(each) for each in readers],
    }
