"""``hub deliveries``: what leaves the hub for other systems, and what a person decides where it does not arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.process import operator

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.complaints.problems import Problem
    from hub.complaints.workflow import Refusal
    from hub.settings import Settings
    from hub.store.database import Cause, Database
    from hub.store.promises import Done

    Decide = Callable[[AsyncConnection, Cause, str], Awaitable[Done | Refusal | list[Problem] | None]]

commands = typer.Typer(no_args_is_help=True, help="What leaves the hub: look at it, retry, give up or confirm it.")

Keys = Annotated[list[str], typer.Argument(help="Numbers that `hub deliveries list` shows.")]
System = Annotated[str | None, typer.Option(help="Only to this system.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.command("list")
def list_(
    system: System = None,
    state: Annotated[
        list[str] | None, typer.Option(help="In this state; repeat for more. Without it, all that is not settled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the earliest first.")] = 100,
    json: Json = False,
) -> None:
    """List deliveries, the earliest first; with --json also what came of each attempt."""
    states = _states(state)

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        return await _entries(store, system, states, limit)

    for entry in operator.run(entries):
        operator.answer(entry, _line(entry), json=json)


@commands.command()
def retry(
    keys: Annotated[list[str] | None, typer.Argument(help="Numbers that `hub deliveries list` shows.")] = None,
    held: Annotated[str | None, typer.Option(metavar="SYSTEM", help="All that is HELD of this system.")] = None,
    json: Json = False,
) -> None:
    """Send deliveries again, now; of one whose outcome is UNKNOWN you say that it may be there twice."""
    if not keys and not held:
        raise typer.BadParameter("name deliveries, or with --held a system", param_hint="keys")

    async def again(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.exchange import settling
        from hub.viewer import WORKER

        found = await _entries(store, held, ["HELD"], 10_000) if held else []
        wanted = dict.fromkeys([*(keys or ()), *(entry["key"] for entry in found)])
        return await _each(store, "retry", wanted, lambda db, cause, key: settling.retry(db, cause, WORKER, key))

    _tell(operator.run(again), "is sent again", json=json)


@commands.command("give-up")
def give_up(keys: Keys, json: Json = False) -> None:
    """Send deliveries never; with a complaint that never went out, what should have followed it ends too."""

    async def end(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.exchange import settling
        from hub.viewer import WORKER

        return await _each(store, "give-up", keys, lambda db, cause, key: settling.give_up(db, cause, WORKER, key))

    _tell(operator.run(end), "is given up", json=json)


@commands.command()
def confirm(
    key: Annotated[str, typer.Argument(help="The number that `hub deliveries list` shows.")],
    external_id: Annotated[
        str | None, typer.Argument(help="The record it became there; needed for a forwarded complaint.")
    ] = None,
    json: Json = False,
) -> None:
    """Say that a delivery arrived, as you have seen at the other side."""

    async def settle(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.exchange import settling
        from hub.viewer import WORKER

        return await _each(
            store, "confirm", [key], lambda db, cause, one: settling.confirm(db, cause, WORKER, one, external_id)
        )

    _tell(operator.run(settle), "is settled", json=json)


def _states(told: list[str] | None) -> list[str]:
    from hub.complaints.forwarding import SETTLED, DeliveryState

    if not told:
        return [state.value for state in DeliveryState if state not in SETTLED]
    if wrong := [state for state in told if state not in DeliveryState.__members__]:
        raise typer.BadParameter(f"{wrong[0]} is none of {', '.join(DeliveryState)}", param_hint="--state")
    return told


async def _entries(store: Database, system: str | None, states: list[str], limit: int) -> list[dict[str, Any]]:
    """What the operator of the machine sees: all of it."""
    from hub.store.reading import lists
    from hub.store.reading.delivery_entity import DELIVERY, evidence
    from hub.viewer import WORKER

    await operator.check_system(store, system)
    where = (("state", tuple(states)), *((("system", (system,)),) if system else ()))
    async with store.read() as db:
        rows = (await lists.page(db, DELIVERY, WORKER, lists.Slice(limit, None, "CREATED_ASC", where))).rows
        tried = await evidence(db, WORKER, [row["key"] for row in rows])
    shown = ("key", "system", "action", "state", "attempts", "trouble", "external_id", "created_at", "due_at")
    attempt = ("at", "outcome", "trouble", "actor")
    return [
        {
            **{name: row[name] for name in shown},
            "evidence": [{name: one[name] for name in attempt} for one in tried.get(row["key"], ())],
        }
        for row in rows
    ]


async def _each(store: Database, what: str, keys: Iterable[str], decide: Decide) -> list[tuple[str, str | None]]:
    """Each key, with why nothing was done where nothing was."""
    return [(key, await _one(store, what, key, decide)) for key in keys]


async def _one(store: Database, what: str, key: str, decide: Decide) -> str | None:
    from hub.complaints.workflow import Refusal

    cause = operator.cause(f"deliveries:{what}")
    async with store.write(cause) as db:
        done = await decide(db, cause, key)
    if done is None:
        return "There is no such delivery: see `hub deliveries list`."
    if isinstance(done, Refusal):
        return done.message.english
    return " ".join(f"{each.field}: {each.message.english}" for each in done) if isinstance(done, list) else None


def _line(entry: dict[str, Any]) -> str:
    tried = f"{entry['attempts']:>3} attempts, since {entry['created_at']:%Y-%m-%d %H:%M}"
    where = f"{entry['key']:<18} {entry['system']:<10} {entry['action']:<9} {entry['state']:<8}"
    return f"{where} {tried}  {entry['trouble'] or ''}".rstrip()


def _tell(outcomes: list[tuple[str, str | None]], done: str, *, json: bool) -> None:
    for key, reason in outcomes:
        operator.answer({"key": key, "done": reason is None, "reason": reason}, f"{key}: {reason or done}", json=json)
    raise typer.Exit(1 if any(reason for _, reason in outcomes) else 0)
