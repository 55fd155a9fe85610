"""``hub keys``: the keys that sign tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.process import operator

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.access.keys import KeyRow
    from hub.store.database import Database

commands = typer.Typer(no_args_is_help=True, help="The keys that sign tokens. They are also replaced on a schedule.")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the keys that verify tokens now, the one that signs last."""

    async def every(settings: Settings, store: Database) -> list[KeyRow]:
        from hub.store.access import keys

        async with store.read() as db:
            return await keys.every(db)

    for row in operator.run(every):
        line = f"{row.kid}  signs from {row.signs_from:%Y-%m-%d %H:%M} UTC"
        until = (
            f" until {row.signs_until:%Y-%m-%d %H:%M}, verifies until {row.gone_at:%Y-%m-%d %H:%M}"
            if row.gone_at
            else ""
        )
        operator.answer(_told(row), line + until, json=json)


@commands.command()
def rotate(
    now: Annotated[
        bool, typer.Option("--now", help="Sign with it within seconds, instead of after five minutes.")
    ] = False,
    leaked: Annotated[
        bool, typer.Option("--leaked", help="An old key may be in wrong hands: refuse all that it signed, at once.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new key. Unless one leaked, no token is refused because of it and nothing is started again."""

    async def work(settings: Settings, store: Database) -> str:
        from hub.auth.keys import rotate
        from hub.store.sealing import Seal

        return await rotate(store, Seal(settings.sealing_keys, settings.secret), now=now, leaked=leaked)

    kid = operator.run(work)
    when = "now" if leaked else "in a few seconds" if now else "in five minutes"
    operator.answer({"kid": kid, "leaked": leaked}, f"The new key {kid} signs {when}.", json=json)


def _told(row: KeyRow) -> dict[str, Any]:
    times = {name: getattr(row, name) for name in ("created_at", "signs_from", "signs_until", "gone_at")}
    return {"kid": row.kid, "public": row.public, **times}
