"""``hub webhooks``: registers and manages the webhooks of clients, and lists what was sent to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hub.cli import common
from hub.errors import BadSetting

if TYPE_CHECKING:
    from hub.complaints.problems import Problem
    from hub.settings import Settings
    from hub.store.database import Database
    from hub.store.webhooks.operations import Operations

T = TypeVar("T")

commands = typer.Typer(
    no_args_is_help=True, help="Webhooks of clients: register, list, pause, resume, rotate, replay or delete them."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The id that `hub webhooks list` shows.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only changes of this kind; repeat for more.")]
Systems = Annotated[list[str] | None, typer.Option("--system", help="Only changes of this system; repeat for more.")]
PerMinute = Annotated[int | None, typer.Option(help="The maximum number of calls in a minute.")]


@commands.command("list")
def list_(
    client: Annotated[str | None, typer.Option(help="Only those of this client.")] = None, json: Json = False
) -> None:
    """List webhooks, the oldest first, with their issues."""

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.webhooks import endpoints
        from hub.store.webhooks.issues import issues_of
        from hub.viewer import WORKER

        async with store.read() as db:
            found = await endpoints.find(db, WORKER, client=client)
        return [{**asdict(each), "issues": [asdict(issue) for issue in issues_of(each)]} for each in found]

    for entry in common.run(entries):
        issues = " ".join(issue["message"] for issue in entry["issues"])
        line = f"{entry['id']}  {entry['client']:<16} {entry['state']:<10} {entry['url']}  {issues}".rstrip()
        common.print_result(entry, line, json=json)


@commands.command()
def deliveries(
    webhook: Id,
    state: Annotated[list[str] | None, typer.Option(help="Only in this state, such as DEAD; repeat for more.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number, the latest first.")] = 100,
    json: Json = False,
) -> None:
    """List the deliveries to a webhook, the latest first."""

    async def entries(settings: Settings, store: Database) -> list[dict[str, Any]]:
        from hub.store.webhooks import queries
        from hub.store.webhooks.terms import MessageState
        from hub.viewer import WORKER

        if wrong := [each for each in state or () if each not in MessageState.__members__]:
            raise BadSetting(f"{wrong[0]} is none of {', '.join(MessageState)}.")
        states = [MessageState(each) for each in state] if state else None
        async with store.read() as db:
            return await queries.list_deliveries(db, WORKER, webhook, first=limit, states=states)

    for entry in common.run(entries):
        what = f"{entry['id']}  {entry['state']:<9} {entry['system']}/{entry['kind']}/{entry['subject']}"
        line = f"{what}  {entry['attempts']} attempts  {entry['error'] or ''}".rstrip()
        common.print_result(entry, line, json=json)


@commands.command()
def register(
    client: Annotated[str, typer.Argument(help="The id of the client.")],
    url: Annotated[str, typer.Argument(help="The https URL to call.")],
    kind: Kinds = None,
    system: Systems = None,
    full: Annotated[bool, typer.Option("--full", help="Send values, not only what changed.")] = False,
    cloudevents: Annotated[bool, typer.Option("--cloudevents", help="Send messages as CloudEvents.")] = False,
    asymmetric: Annotated[bool, typer.Option("--asymmetric", help="Sign with an Ed25519 key as well.")] = False,
    per_minute: PerMinute = None,
    after: Annotated[str | None, typer.Option(help="Send the changes after this cursor; now by default.")] = None,
    json: Json = False,
) -> None:
    """Register an endpoint for a client, and print its secret, which is shown only now."""

    async def work(settings: Settings, store: Database) -> dict[str, Any]:
        from hub.store.webhooks import endpoints

        form = _form(full=full, cloudevents=cloudevents)
        rate = endpoints.DEFAULT_PER_MINUTE if per_minute is None else per_minute
        options = endpoints.WebhookOptions(url, kind, system, **form, per_minute=rate)
        webhook_id = endpoints.new_id()
        secret = await _operate(
            *(settings, store, "register", webhook_id),
            lambda act: act.register(webhook_id, client, options, asymmetric=asymmetric, after=after),
        )
        return {"id": webhook_id, "secret": secret}

    done = common.run(work)
    common.print_result(done, f"{done['id']}  {done['secret']}", json=json)


@commands.command()
def update(
    webhook: Id,
    url: Annotated[str | None, typer.Option(help="Another https URL, which has to agree first.")] = None,
    kind: Kinds = None,
    all_kinds: Annotated[bool, typer.Option("--all-kinds", help="Changes of all kinds.")] = False,
    system: Systems = None,
    all_systems: Annotated[bool, typer.Option("--all-systems", help="Changes of all systems.")] = False,
    full: Annotated[bool | None, typer.Option("--full/--thin", help="Send values, or only what changed.")] = None,
    cloudevents: Annotated[bool | None, typer.Option("--cloudevents/--standard", help="The form of messages.")] = None,
    per_minute: PerMinute = None,
    json: Json = False,
) -> None:
    """Change what is given of a webhook; the rest stays."""
    given = {"url": url, "kinds": kind, "systems": system, "per_minute": per_minute}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    changes |= {name: None for name, every in (("kinds", all_kinds), ("systems", all_systems)) if every}
    changes |= _form(full=full, cloudevents=cloudevents)
    _print_done(webhook, "update", lambda act: act.update(webhook, changes), "is changed", json=json)


def _form(*, full: bool | None, cloudevents: bool | None) -> dict[str, Any]:
    """Return the content and format that the flags choose; nothing for a flag that is None."""
    from hub.store.webhooks.terms import WebhookContent, WebhookFormat

    content = {} if full is None else {"content": WebhookContent.FULL if full else WebhookContent.THIN}
    if cloudevents is None:
        return content
    return {**content, "format": WebhookFormat.CLOUDEVENTS if cloudevents else WebhookFormat.STANDARD}


@commands.command()
def pause(webhook: Id, json: Json = False) -> None:
    """Stop calling a webhook; the feed keeps what changes meanwhile."""
    _print_done(webhook, "pause", lambda act: act.pause(webhook), "is paused", json=json)


@commands.command()
def resume(webhook: Id, json: Json = False) -> None:
    """Call a webhook again that was paused or disabled."""
    _print_done(webhook, "resume", lambda act: act.resume(webhook), "is called again", json=json)


@commands.command()
def delete(webhook: Id, json: Json = False) -> None:
    """Delete a webhook with its deliveries."""
    _print_done(webhook, "delete", lambda act: act.delete(webhook), "is deleted", json=json)


@commands.command()
def rotate(
    webhook: Id,
    hours: Annotated[int, typer.Option(min=0, help="How many hours the earlier secret signs as well.")] = 24,
    json: Json = False,
) -> None:
    """Make a new secret and print it; it is shown only now."""

    async def work(settings: Settings, store: Database) -> str:
        return await _operate(
            *(settings, store, "rotate", webhook), lambda act: act.rotate(webhook, overlap=timedelta(hours=hours))
        )

    secret = common.run(work)
    common.print_result({"id": webhook, "secret": secret}, secret, json=json)


@commands.command()
def replay(
    webhook: Id,
    delivery: Annotated[str | None, typer.Option(help="Only the delivery with this id.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only those made at this time or later (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only those made before this time (UTC).")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only dead letters.")] = False,
    json: Json = False,
) -> None:
    """Send deliveries again, with the same ids: one, those of a time, or all that failed."""
    times = {name: at.replace(tzinfo=UTC) for name, at in {"since": since, "until": until}.items() if at}

    async def work(settings: Settings, store: Database) -> int:
        return await _operate(
            *(settings, store, "replay", webhook),
            lambda act: act.replay(webhook, delivery=delivery, dead_only=failed, **times),
        )

    count = common.run(work)
    common.print_result({"id": webhook, "deliveries": count}, f"{count} deliveries are sent again", json=json)


def _print_done(webhook: str, what: str, act: Callable[[Operations], Awaitable[Any]], done: str, *, json: bool) -> None:
    common.run(lambda settings, store: _operate(settings, store, what, webhook, act))
    common.print_result({"id": webhook, "done": what}, f"{webhook} {done}", json=json)


async def _operate(
    settings: Settings,
    store: Database,
    what: str,
    webhook: str,
    act: Callable[[Operations], Awaitable[T | list[Problem] | None]],
) -> T:
    """Return the result of an operation in one transaction; ``BadSetting`` for a problem, ``NotFound`` without one."""
    from hub.connectors import registry
    from hub.kinds import kind_names
    from hub.store.encryption import FieldCipher
    from hub.store.webhooks.operations import Operations
    from hub.viewer import WORKER

    kinds = kind_names(kind for each in registry.enabled(settings) for kind in each.connector.kinds)
    cipher, loopback = FieldCipher(settings.sealing_keys, settings.secret), not settings.production
    async with store.write(common.cause(f"webhooks:{what}")) as db:
        done = await act(Operations(db, cipher, WORKER, datetime.now(UTC), kinds, loopback=loopback))
    if isinstance(done, list):
        raise BadSetting(" ".join(f"{each.field}: {each.message}" for each in done))
    if done is None:
        raise common.NotFound(f"There is no webhook {webhook}: see `hub webhooks list`.")
    return done
