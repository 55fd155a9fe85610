"""``hub keys``: keys that sign tokens, and keys that encrypt personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.key_rotation import KeyUsage
    from hub.store.oauth.signing_keys import KeyRow

commands = typer.Typer(
    no_args_is_help=True,
    help="Keys that sign tokens, which also rotate on a schedule, and keys that encrypt personal data.",
)

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@commands.command("list")
def list_(json: Json = False) -> None:
    """List the keys that verify tokens now, the current signing key last."""

    async def every(settings: Settings, store: Database) -> list[KeyRow]:
        from hub.store.oauth import signing_keys

        async with store.read() as db:
            return await signing_keys.list_all(db)

    for row in common.run(every):
        line = f"{row.kid}  signs from {row.signs_from:%Y-%m-%d %H:%M} UTC"
        until = (
            f" until {row.signs_until:%Y-%m-%d %H:%M}, verifies until {row.gone_at:%Y-%m-%d %H:%M}"
            if row.gone_at
            else ""
        )
        common.print_result(_key_fields(row), line + until, json=json)


@commands.command()
def rotate(
    now: Annotated[bool, typer.Option("--now", help="Start signing within seconds instead of five minutes.")] = False,
    leaked: Annotated[
        bool, typer.Option("--leaked", help="An old key may be compromised: refuse all tokens that it signed, at once.")
    ] = False,
    json: Json = False,
) -> None:
    """Create a new signing key. Unless one leaked, all tokens stay valid; no process has to restart."""

    async def work(settings: Settings, store: Database) -> str:
        from hub.auth.signing_keys import rotate
        from hub.store.encryption import FieldCipher

        cipher = FieldCipher(settings.sealing_keys, settings.secret)
        return await rotate(store, cipher, common.cause("keys:rotate"), now=now, leaked=leaked)

    kid = common.run(work)
    when = "now" if leaked else "in a few seconds" if now else "in five minutes"
    common.print_result({"kid": kid, "leaked": leaked}, f"The new key {kid} signs {when}.", json=json)


@commands.command()
def reseal(json: Json = False) -> None:
    """Encrypt all personal data with the first of HUB_PII_KEYS, and print whether the others are still needed.

    The hub may run meanwhile; repeat an interrupted run. Exit code 1: another key is still needed.
    """

    async def work(settings: Settings, store: Database) -> tuple[int, KeyUsage]:
        from hub.store import key_rotation
        from hub.store.encryption import FieldCipher

        cipher = FieldCipher(settings.sealing_keys, settings.secret)
        done = await key_rotation.reencrypt_all(store, common.cause("keys:reseal"), cipher)
        async with common.audited_write(store, "keys:reseal", rows=done) as db:
            return done, await key_rotation.key_usage(db, cipher)

    done, left = common.run(work)
    result = {"resealed": done, "older": left.older, "lacking": left.missing}
    common.print_result(result, f"{done} rows re-encrypted. {_remaining(left)}", json=json)
    raise typer.Exit(1 if left.older or left.missing else 0)


@commands.command("accept-secret")
def accept_secret(json: Json = False) -> None:
    """Use this database with the current HUB_SECRET_KEY; tracking codes made with another key become invalid."""

    async def work(settings: Settings, store: Database) -> None:
        from hub.store import key_fingerprint

        async with common.audited_write(store, "keys:accept-secret") as db:
            await key_fingerprint.replace(db, settings.secret)

    common.run(work)
    common.print_result({"accepted": True}, "This database is used with the current HUB_SECRET_KEY.", json=json)


def _remaining(left: KeyUsage) -> str:
    if left.missing:
        return f"{left.missing} rows need a key that is not in HUB_PII_KEYS: add it at the end and repeat this."
    if left.older:
        return (
            f"{left.older} rows still need an older key: keep it. Restart every process that has it as its first key"
            " and repeat this; rows that remain then were tampered with."
        )
    return "No row needs an older key: HUB_PII_KEYS may contain the first one only."


def _key_fields(row: KeyRow) -> dict[str, Any]:
    times = {name: getattr(row, name) for name in ("created_at", "signs_from", "signs_until", "gone_at")}
    return {"kid": row.kid, "public": row.public, **times}
