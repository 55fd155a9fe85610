"""``hub disagreements``: lists matters on which two systems do not agree, and acts on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import common
from hub.errors import BadSetting

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.agreement.acts import Act
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.queries.entity import Row
    from hub.store.use_cases.disagreement_acts import Result
    from hub.store.use_cases.disagreements import Where

commands = typer.Typer(no_args_is_help=True, help="Matters on which two systems do not agree: list, show or resolve.")

Ids = Annotated[list[int], typer.Argument(help="Numbers that `hub disagreements list` shows.")]
System = Annotated[str | None, typer.Option(help="Only those of this system, on either side.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

_SHOWN = (
    *("id", "pair", "shown_state", "cause", "next_step", "decider", "left_system", "left_id", "right_system"),
    *("right_id", "since", "next_at", "ignored_until", "agency_code", "area_code"),
)


@commands.command("list")
def list_(
    system: System = None,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state; repeat for more.")] = None,
    cause: Annotated[list[str] | None, typer.Option(help="Only with this cause; repeat for more.")] = None,
    field: Annotated[str | None, typer.Option(help="Only those that differ on this field, such as status.")] = None,
    ignored: Annotated[bool, typer.Option("--ignored", help="Also those that are ignored for now.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number, the oldest first.")] = 100,
    json: Json = False,
) -> None:
    """List disagreements, the oldest first."""
    where = _conditions(system, state, cause, field) + (() if ignored else (("ignored", False),))

    async def rows(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.queries import pagination
        from hub.store.queries.agreement_entity import MATTER
        from hub.viewer import WORKER

        await common.check_system(store, system)
        request = pagination.PageRequest(limit, None, "SINCE_ASC", where)
        async with store.read() as db:
            return [_entry(row) for row in (await pagination.page(db, MATTER, WORKER, request)).rows]

    for entry in common.run(rows):
        common.print_result(entry, _line(entry), json=json)


@commands.command()
def show(
    id: Annotated[int, typer.Argument(help="The number that `hub disagreements list` shows.")], json: Json = False
) -> None:
    """Show a matter with its differences, what was sent, and its history."""

    async def read(settings: Settings, store: Database) -> dict[str, Any] | None:
        async with store.read() as db:
            return await _details(db, id)

    entry = common.require(common.run(read), f"matter {id}: see `hub disagreements list`")
    for line in [""] if json else _lines(entry):
        common.print_result(entry, line, json=json)


@commands.command()
def resolve(
    ids: Ids,
    act: Annotated[str, typer.Option(help="TELL_AGAIN, ACCEPT_OTHER, KEEP, IGNORE_UNTIL or CONFIRM_MATCH.")],
    until: Annotated[datetime | None, typer.Option(help="For IGNORE_UNTIL: a time, such as 2027-01-31.")] = None,
    reason: Annotated[str | None, typer.Option(help="The reason, for the history.")] = None,
    record: Annotated[str | None, typer.Option(help="For CONFIRM_MATCH: the id of the other side's record.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Act on disagreements; exit code 1 if the act could not be done about one of them."""
    chosen = _act(act, until, reason, record)
    _resolve(chosen, (("ids", tuple(ids)),), set(ids), dry_run=dry_run, json=json)


@commands.command()
def repair(system: System = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Send again every decision and delivery that is blocked."""
    where = (("blocked", True), *((("system", (system,)),) if system else ()))
    act = _act("TELL_AGAIN", None, None, None)

    async def work(settings: Settings, store: Database) -> list[Result]:
        from hub.agreement.acts import MAX_MATTERS
        from hub.store.use_cases.disagreements import matching_ids
        from hub.viewer import WORKER

        async with store.read() as db:
            ids = await matching_ids(db, WORKER, where)
        groups = [tuple(ids[at : at + MAX_MATTERS]) for at in range(0, len(ids), MAX_MATTERS)]
        done = [await _done(store, act, (*where, ("ids", group)), dry_run=dry_run) for group in groups]
        return [result for group in done for result in group]

    _print(common.run(work), set(), dry_run=dry_run, json=json)


def _conditions(system: str | None, states: list[str] | None, causes: list[str] | None, field: str | None) -> Where:
    from hub.agreement.enums import AgreementState, DifferenceCause

    for values, codes, option in ((states, AgreementState, "--state"), (causes, DifferenceCause, "--cause")):
        if wrong := [each for each in values or () if each not in codes.__members__]:
            raise typer.BadParameter(f"{wrong[0]} is none of {', '.join(codes)}", param_hint=option)
    several = {"system": system and [system], "field": field and [field]}
    given = {**several, "state": states, "cause": causes}
    return (("open", True), *((name, tuple(values)) for name, values in given.items() if values))


def _act(act: str, until: datetime | None, reason: str | None, record: str | None) -> Act:
    from hub.agreement.acts import Act, DisagreementAct

    if act not in DisagreementAct.__members__:
        raise typer.BadParameter(f"{act} is none of {', '.join(DisagreementAct)}", param_hint="--act")
    zoned = until if until is None or until.tzinfo else until.astimezone()
    return Act(kind=DisagreementAct(act), until=zoned, reason=reason, record=record)


def _resolve(act: Act, where: Where, ids: set[int], *, dry_run: bool, json: bool) -> None:
    async def work(settings: Settings, store: Database) -> list[Result]:
        return await _done(store, act, where, dry_run=dry_run)

    _print(common.run(work), ids, dry_run=dry_run, json=json)


async def _done(store: Database, act: Act, where: Where, *, dry_run: bool) -> list[Result]:
    """Act in one transaction, or with ``dry_run`` plan it."""
    from hub.complaints.problems import Problem
    from hub.store.use_cases import disagreements
    from hub.viewer import WORKER

    cause = common.cause("disagreements:resolve")
    async with store.read() if dry_run else store.write(cause) as db:
        done = await disagreements.resolve(db, cause, WORKER, act, where, preview=dry_run)
    if problems := [each for each in done if isinstance(each, Problem)]:
        raise BadSetting(" ".join(f"{each.field}: {each.message}" for each in problems))
    return [each for each in done if not isinstance(each, Problem)]


def _print(results: Sequence[Result], ids: set[int], *, dry_run: bool, json: bool) -> None:
    """Print each result, and exit; ``ids`` are those that were asked for."""
    outcomes = [(each.matter_id, each.accepted, str(each.message)) for each in results]
    missing = ids - {id_ for id_, *_ in outcomes}
    outcomes += [(id_, False, "There is no such matter: see `hub disagreements list`.") for id_ in sorted(missing)]
    for id_, accepted, message in outcomes:
        entry = {"id": id_, "done": accepted and not dry_run, "accepted": accepted, "message": message}
        common.print_result(entry, f"{id_}: {message}", json=json)
    raise typer.Exit(0 if all(accepted for _, accepted, _ in outcomes) else 1)


def _entry(row: Row) -> dict[str, Any]:
    entry = {name: row[name] for name in _SHOWN}
    entry["state"] = entry.pop("shown_state")
    decider = entry.pop("decider")
    entry["decided_by"] = row[f"{decider.lower()}_system"] if decider else None
    return entry


async def _details(db: AsyncConnection, id_: int) -> dict[str, Any] | None:
    from hub.store.agreement import decisions
    from hub.store.queries import agreement_entity, lookup
    from hub.store.queries.agreement_entity import MATTER
    from hub.store.queries.entities import HUB
    from hub.viewer import WORKER

    ref = (HUB, str(id_))
    row = (await lookup.by_refs(db, MATTER, WORKER, [ref])).get(ref)
    if row is None:
        return None
    fields = ("field", "left_value", "left_at", "right_value", "right_at", "cause", "next_step")
    events = ("at", "state", "cause", "fields", "seconds", "actor", "note")
    differences = (await agreement_entity.list_differences(db, WORKER, [id_])).get(id_, [])
    history = (await agreement_entity.list_events(db, WORKER, [id_], 100)).get(id_, [])
    return {
        **_entry(row),
        "differences": [{name: each[name] for name in fields} for each in differences],
        "decision": await decisions.find(db, id_),
        "history": [{name: each[name] for name in events} for each in history],
    }


def _line(entry: dict[str, Any]) -> str:
    sides = f"{entry['left_system']} {entry['left_id'] or '-'} | {entry['right_system']} {entry['right_id'] or '-'}"
    ignored = f", ignored until {entry['ignored_until']:%Y-%m-%d}" if entry["ignored_until"] else ""
    since = f"since {entry['since']:%Y-%m-%d %H:%M}"
    return f"{entry['id']:>6} {entry['state']:<9} {entry['cause'] or '-':<12} {since}  {sides}{ignored}"


def _lines(entry: dict[str, Any]) -> list[str]:
    lines = [_line(entry)]
    for each in entry["differences"]:
        values = f"{entry['left_system']} {each['left_value']} ({each['left_at']:%Y-%m-%d %H:%M})"
        other = f"{entry['right_system']} {each['right_value']} ({each['right_at']:%Y-%m-%d %H:%M})"
        lines.append(f"  {each['field']}: {values}, {other}: {each['cause']}, next {each['next_step']}")
    if decision := entry["decision"]:
        lines.append(
            f"  decision for {decision['system']}: {decision['state']}, {decision['attempts']} attempts"
            f"{': ' + decision['trouble'] if decision['trouble'] else ''}"
        )
    for event in entry["history"]:
        note = f"  {event['note']}" if event["note"] else ""
        lines.append(
            f"  {event['at']:%Y-%m-%d %H:%M:%S} {event['state']} {event['cause'] or ''} {event['actor']}{note}"
        )
    return lines
