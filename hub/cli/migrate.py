"""``hub migrate``: brings the database to the newest migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings

Demo = Annotated[bool, typer.Option("--demo", help="Also invent a year of complaints, up to today.")]


def migrate(demo: Demo = False) -> None:
    """Migrate the database to this version and make a partition for each enabled system; safe to repeat."""
    import asyncio

    asyncio.run(_migrate(common.load_settings(), with_demo=demo))


async def _migrate(settings: Settings, *, with_demo: bool) -> None:
    from hub.runtime import demo
    from hub.runtime.database_access import reachable_database
    from hub.runtime.run import prepare_database
    from hub.store.schema_version import state

    if with_demo:
        demo.refuse_in_production(settings)
    async with reachable_database(settings) as connected:
        await prepare_database(connected, with_demo=with_demo)
        assert connected.database_url
        current = (await state(connected.database_url)).current
    typer.echo(f"The database is at {current}, the newest migration.")
