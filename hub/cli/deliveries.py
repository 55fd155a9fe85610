"""``hub deliveries``: lists deliveries to other systems, and decides those that do not arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.complaints.problems import Problem
    from hub.complaints.workflow import Refusal
    from hub.settings import Settings
    from hub.store.database import Cause, Database
    from hub.store.idempotency import Completed

    Decide = Callable[[AsyncConnection, Cause, str], Awaitable[Completed | Refusal | list[Problem] | None]]

commands = typer.Typer(no_args_is_help=True, help="Deliveries to other systems: list, retry, give up or confirm them.")

Keys = Annotated[list[str], typer.Argument(help="Numbers that `hub deliveries list` shows.")]
System = Annotated[str | None, typer.Option(help="Only to this system.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@commands.command("list")
def list_(
    system: System = None,
    state: Annotated[
        list[str] | None, typer.Option(help="Only in this state; repeat for more. By default all that are not settled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number, the earliest first.")] = 100,
    json: Json = False,
) -> None:
    """List deliveries, the earliest first; with --json also the result of each attempt."""
    states = _states(state)

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        return await _entries(store, system, states, limit)

    for entry in common.run(entries):
        common.print_result(entry, _line(entry), json=json)


@commands.command()
def groups(json: Json = False) -> None:
    """List deliveries that failed, grouped by system, state, action and error, the largest group first."""

    async def load(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from dataclasses import asdict

        from hub.store.use_cases import delivery_groups
        from hub.viewer import WORKER

        async with store.read() as db:
            return [asdict(each) for each in await delivery_groups.groups(db, WORKER)]

    for each in common.run(load):
        what = f"{each['key']}  {each['count']:>6}  {each['system']:<10} {each['state']:<15} {each['action']:<9}"
        common.print_result(each, f"{what} {each['error'] or ''}".rstrip(), json=json)


@commands.command()
def act(
    what: Annotated[str, typer.Argument(metavar="ACT", help="RETRY, GIVE_UP or CONFIRM.")],
    group: Annotated[str, typer.Argument(help="The key of a group that `hub deliveries groups` shows.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would be done.")] = False,
    json: Json = False,
) -> None:
    """Decide on all deliveries of a group."""

    async def decide(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.use_cases import delivery_groups
        from hub.viewer import WORKER

        if what not in delivery_groups.DeliveryAct.__members__:
            raise typer.BadParameter(f"{what} is none of {', '.join(delivery_groups.DeliveryAct)}", param_hint="ACT")
        cause, chosen = common.cause("deliveries:act"), delivery_groups.DeliveryAct(what)
        async with store.write(cause) as db:
            done = await delivery_groups.act_on(db, cause, WORKER, chosen, group=group, preview=preview)
        return [(each.key, None if each.accepted else str(each.message)) for each in done]

    done = "would be done" if preview else "is done"
    _print_outcomes(common.run(decide), f"{what} {done}", json=json)


@commands.command()
def retry(
    keys: Annotated[list[str] | None, typer.Argument(help="Numbers that `hub deliveries list` shows.")] = None,
    blocked: Annotated[
        str | None, typer.Option(metavar="SYSTEM", help="All BLOCKED deliveries to this system.")
    ] = None,
    json: Json = False,
) -> None:
    """Send deliveries again, now; one that is OUTCOME_UNKNOWN may then exist twice in the other system."""
    if not keys and not blocked:
        raise typer.BadParameter("name deliveries, or with --blocked a system", param_hint="keys")

    async def send_again(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.use_cases import delivery_decisions
        from hub.viewer import WORKER

        found = await _entries(store, blocked, ["BLOCKED"], 10_000) if blocked else []
        selected = dict.fromkeys([*(keys or ()), *(entry["key"] for entry in found)])
        return await _decide_each(
            store, "retry", selected, lambda db, cause, key: delivery_decisions.retry(db, cause, WORKER, key)
        )

    _print_outcomes(common.run(send_again), "is sent again", json=json)


@commands.command("give-up")
def give_up(keys: Keys, json: Json = False) -> None:
    """Give deliveries up; if a complaint was never sent, the deliveries that depend on it end too."""

    async def end(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.use_cases import delivery_decisions
        from hub.viewer import WORKER

        return await _decide_each(
            store, "give-up", keys, lambda db, cause, key: delivery_decisions.give_up(db, cause, WORKER, key)
        )

    _print_outcomes(common.run(end), "is given up", json=json)


@commands.command()
def confirm(
    key: Annotated[str, typer.Argument(help="The number that `hub deliveries list` shows.")],
    external_id: Annotated[
        str | None, typer.Argument(help="The id of its record there; required for a forwarded complaint.")
    ] = None,
    json: Json = False,
) -> None:
    """Record that a delivery arrived, as checked in the other system."""

    async def settle(settings: Settings, store: Database) -> list[tuple[str, str | None]]:
        from hub.store.use_cases import delivery_decisions
        from hub.viewer import WORKER

        return await _decide_each(
            store,
            "confirm",
            [key],
            lambda db, cause, one: delivery_decisions.confirm(db, cause, WORKER, one, external_id),
        )

    _print_outcomes(common.run(settle), "is settled", json=json)


def _states(requested: list[str] | None) -> list[str]:
    from hub.complaints.forwarding import SETTLED, DeliveryState

    if not requested:
        return [state.value for state in DeliveryState if state not in SETTLED]
    if wrong := [state for state in requested if state not in DeliveryState.__members__]:
        raise typer.BadParameter(f"{wrong[0]} is none of {', '.join(DeliveryState)}", param_hint="--state")
    return requested


async def _entries(store: Database, system: str | None, states: list[str], limit: int) -> list[dict[str, Any]]:
    """Return the deliveries as the operator sees them: with all fields."""
    from hub.store.queries import pagination
    from hub.store.queries.delivery_entity import DELIVERY, list_attempts
    from hub.viewer import WORKER

    await common.check_system(store, system)
    where = (("state", tuple(states)), *((("system", (system,)),) if system else ()))
    async with store.read() as db:
        rows = (
            await pagination.page(db, DELIVERY, WORKER, pagination.PageRequest(limit, None, "CREATED_ASC", where))
        ).rows
        tried = await list_attempts(db, WORKER, [row["key"] for row in rows])
    shown = ("key", "system", "action", "state", "attempts", "trouble", "external_id", "created_at", "due_at")
    attempt = ("at", "outcome", "trouble", "actor")
    return [
        {
            **{name: row[name] for name in shown},
            "evidence": [{name: one[name] for name in attempt} for one in tried.get(row["key"], ())],
        }
        for row in rows
    ]


async def _decide_each(store: Database, what: str, keys: Iterable[str], decide: Decide) -> list[tuple[str, str | None]]:
    """Return each key with the reason why it was not decided, or None."""
    return [(key, await _decide_one(store, what, key, decide)) for key in keys]


async def _decide_one(store: Database, what: str, key: str, decide: Decide) -> str | None:
    from hub.complaints.workflow import Refusal

    cause = common.cause(f"deliveries:{what}")
    async with store.write(cause) as db:
        done = await decide(db, cause, key)
    if done is None:
        return "There is no such delivery: see `hub deliveries list`."
    if isinstance(done, Refusal):
        return done.message
    return " ".join(f"{each.field}: {each.message}" for each in done) if isinstance(done, list) else None


def _line(entry: dict[str, Any]) -> str:
    tried = f"{entry['attempts']:>3} attempts, since {entry['created_at']:%Y-%m-%d %H:%M}"
    where = f"{entry['key']:<18} {entry['system']:<10} {entry['action']:<9} {entry['state']:<8}"
    return f"{where} {tried}  {entry['trouble'] or ''}".rstrip()


def _print_outcomes(outcomes: list[tuple[str, str | None]], done: str, *, json: bool) -> None:
    for key, reason in outcomes:
        common.print_result(
            {"key": key, "done": reason is None, "reason": reason}, f"{key}: {reason or done}", json=json
        )
    raise typer.Exit(1 if any(reason for _, reason in outcomes) else 0)
