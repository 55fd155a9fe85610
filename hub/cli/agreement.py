"""``hub agreement``: how many matters agree, how long it takes until they do, and a rehearsal of a declaration."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from hub.connectors.registry import Enabled
    from hub.settings import Settings
    from hub.store.agreement.registers import SystemPair
    from hub.store.agreement.rehearsal import Rehearsed
    from hub.store.database import Database
    from hub.store.queries.agreement_totals import AgreementTotal

GROUPINGS = ("pair", "field", "cause", "agency", "area", "day")


commands = typer.Typer(
    invoke_without_command=True,
    help="Show how many matters that two systems have agree, and how long it took until they did.",
)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.callback()
def agreement(
    context: typer.Context,
    by: Annotated[str, typer.Option(help=f"What to group by: {', '.join(GROUPINGS)}.")] = "pair",
    json: Json = False,
) -> None:
    """Show how many matters that two systems have agree, and how long it took until they did."""
    if context.invoked_subcommand is not None:
        return
    if by not in GROUPINGS:
        raise typer.BadParameter(f"{by} is none of {', '.join(GROUPINGS)}", param_hint="--by")

    async def totals(settings: Settings, store: Database) -> list[AgreementTotal]:
        from hub.store.queries import agreement_totals
        from hub.viewer import WORKER

        async with store.read() as db:
            return await agreement_totals.totals(db, WORKER, by)

    for total in common.run(totals):
        entry = asdict(total)
        common.print_result(entry, _line(entry), json=json)


def _line(entry: dict[str, Any]) -> str:
    counted, agreed = entry["matters"], entry["agreed"]
    share = f"{agreed / counted:>6.1%}" if counted else " " * 6
    took = "" if entry["median_seconds"] is None else f"  median {entry['median_seconds']:.0f} s"
    slow = "" if entry["p95_seconds"] is None else f", p95 {entry['p95_seconds']:.0f} s"
    oldest = f"  oldest since {entry['oldest']:%Y-%m-%d %H:%M}" if entry["oldest"] else ""
    return f"{entry['key'] or '-':<14} {counted:>8} matters {agreed:>8} agreed {share}{took}{slow}{oldest}"


@commands.command()
def rehearse(
    days: Annotated[int, typer.Option(min=1, max=3650, help="Matters whose records changed in so many days.")] = 30,
    json: Json = False,
) -> None:
    """Show which matters would get another result by the authorities and losses that this version declares.

    The stored declaration, by which matters are compared, is that of the last `hub migrate`. Nothing is changed.
    """

    async def compared(settings: Settings, store: Database) -> list[Rehearsed]:
        from hub.connectors import registry
        from hub.store.agreement.registers import pairs_of
        from hub.store.agreement.rehearsal import rehearse as rehearsed

        enabled, since = registry.enabled(settings), datetime.now(UTC) - timedelta(days=days)
        async with store.read() as db:
            pairs = [_as_declared(pair, enabled) for pair in await pairs_of(db)]
            return [each for pair in pairs async for each in rehearsed(db, pair, since)]

    found = common.run(compared)
    for each in found:
        entry = asdict(each)
        common.print_result(entry, _rehearsed_line(each), json=json)
    if not json:
        typer.echo(f"{len(found)} matters would get another result; nothing was changed.")


def _as_declared(pair: SystemPair, enabled: list[Enabled]) -> SystemPair:
    """Return a pair with the registers that this version declares, instead of the stored ones."""
    from dataclasses import replace

    declared = {each.name: each.connector.declaration(each.settings).register for each in enabled}
    registers = {side: declared.get(pair.system(side)) or register for side, register in pair.registers.items()}
    return replace(pair, registers=registers)


def _rehearsed_line(each: Rehearsed) -> str:
    before = " ".join((each.stored, *each.stored_fields))
    after = " ".join((each.rehearsed, *each.rehearsed_fields))
    at = f"  from {each.at:%Y-%m-%d %H:%M}, not now" if each.at else ""
    return f"{each.key:<26} {each.left} | {each.right}  {before} -> {after}{at}"
