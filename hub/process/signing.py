"""``hub keys``: the keys that sign tokens, and those that seal personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.process import operator

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.access.keys import KeyRow
    from hub.store.database import Database
    from hub.store.resealing import Standing

commands = typer.Typer(
    no_args_is_help=True,
    help="The keys that sign tokens, which are also replaced on a schedule, and those that seal personal data.",
)

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


@commands.command()
def reseal(json: Json = False) -> None:
    """Seal with the first of HUB_PII_KEYS what others sealed, and say whether these are needed any more.

    The hub may go on meanwhile, and a run that was cut off is simply begun again. Exit code 1: another key is needed.
    """

    async def work(settings: Settings, store: Database) -> tuple[int, Standing]:
        from hub.store import resealing
        from hub.store.sealing import Seal

        seal = Seal(settings.sealing_keys, settings.secret)
        done = await resealing.reseal(store, operator.cause("keys:reseal"), seal)
        async with store.read() as db:
            return done, await resealing.standing(db, seal)

    done, left = operator.run(work)
    told = {"resealed": done, "older": left.older, "lacking": left.lacking}
    operator.answer(told, f"{done} rows sealed anew. {_needed(left)}", json=json)
    raise typer.Exit(1 if left.older or left.lacking else 0)


def _needed(left: Standing) -> str:
    if left.lacking:
        return f"{left.lacking} rows need a key that HUB_PII_KEYS does not hold: add it at the end and repeat this."
    if left.older:
        return (
            f"{left.older} rows still need an older key: keep it. Start anew every process that has it as its first"
            " and repeat this; what is left then was tampered with."
        )
    return "No row needs an older key: HUB_PII_KEYS may hold its first one only."


def _told(row: KeyRow) -> dict[str, Any]:
    times = {name: getattr(row, name) for name in ("created_at", "signs_from", "signs_until", "gone_at")}
    return {"kid": row.kid, "public": row.public, **times}
