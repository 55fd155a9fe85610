"""The streams of a system, its samples over time, and its settings, for operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.schema.arguments import BadArgument
from hub.schema.authorization import requirement, requires
from hub.schema.context import Info
from hub.schema.cost import SAMPLES_SIZE, SHORT_LIST_SIZE
from hub.schema.enums import describe_enum
from hub.schema.operations import OPERATE
from hub.schema.redaction import redacted
from hub.schema.systems import System
from hub.schema.systems import part as systems_part
from hub.store.operations import streams
from hub.store.operations.streams import Sample, Stream, StreamKind, StreamState
from hub.viewer import Viewer

MAX_HOURS = 48

describe_enum(
    StreamKind,
    "What flows between the hub and a system.",
    {
        StreamKind.IN: "What is pulled from it.",
        StreamKind.OUT: "What is sent to it.",
        StreamKind.HOOKS: "Its calls, and what the hub asks because of them.",
        StreamKind.FILES: "The files that its records link to.",
    },
    name="SystemStreamKind",
)
describe_enum(
    StreamState,
    "What a stream of a system does.",
    {
        StreamState.IDLE: "Nothing is to be done.",
        StreamState.RUNNING: "It moves, or waits for its time.",
        StreamState.RETRYING: "It failed, and is tried again and again; see `retryingSince`.",
        StreamState.BLOCKED: "What is left waits for a person.",
        StreamState.STOPPED: "The system is stopped.",
        StreamState.PAUSED: "An operator paused the system.",
        StreamState.DISABLED: "The system's connector is disabled.",
    },
    name="SystemStreamState",
)


@strawberry.type(description="A stream of a system: what is pulled or sent, its calls, or its files.")
class SystemStream:
    """One stream."""

    kind: StreamKind = strawberry.field(description="What flows.")
    state: StreamState = strawberry.field(description="What it does.")
    last_at: datetime | None = strawberry.field(description="When it last moved or tried to; null if not known.")
    read_to: datetime | None = strawberry.field(
        description="The time up to which it is complete: of IN the last complete pull, of OUT the last arrival."
    )
    next_at: datetime | None = strawberry.field(description="When it goes on; null if nothing is planned.")
    last_full_at: datetime | None = strawberry.field(description="Of IN, the last pull of everything.")
    in_flight: int = strawberry.field(description="How many pulls or deliveries are under way.")
    waiting: int = strawberry.field(description="How many deliveries, inquiries or files wait.")
    blocked: int = strawberry.field(description="How many deliveries wait for a person, or files were given up.")
    attempts: int = strawberry.field(description="How often it failed in a row: of several, the one that failed most.")
    retrying_since: datetime | None = strawberry.field(description="Since when it is retried; null if it is not.")
    oldest: datetime | None = strawberry.field(description="When the oldest of what waits came.")
    error: str | None = strawberry.field(description="The last error, in English; null without one.")


@strawberry.type(description="The state of a system at one time; taken every five minutes and kept for two days.")
class SystemSample:
    """A row of ``system_samples``."""

    at: datetime = strawberry.field(description="When it was taken.")
    lag_seconds: float | None = strawberry.field(
        description="The age of the copy in seconds; null before the first complete pull."
    )
    delivery_lag_seconds: float = strawberry.field(
        description="The age in seconds of the oldest delivery that is not settled; 0 without one."
    )
    records: int = strawberry.field(description="The number of records in the hub.")
    quarantined: int = strawberry.field(description="The number of items in quarantine.")
    open_deliveries: int = strawberry.field(description="The number of deliveries that are not settled.")


@strawberry.type(description="A setting of a system's connector; the values of secrets are never shown.")
class SystemSetting:
    """A setting."""

    name: str = strawberry.field(description="The name of the environment variable.")
    is_set: bool = strawberry.field(description="Whether it has a value.")
    secret: bool = strawberry.field(description="Whether it is a secret, or the path of one.")
    value: str | None = strawberry.field(description="Its value; null for a secret, and if it is not set.")


def to_stream(stream: Stream) -> SystemStream:
    """Return a stream with its error redacted."""
    return SystemStream(**asdict(stream) | {"error": redacted(stream.error) if stream.error else None})


async def _samples(
    db: AsyncConnection, _: Viewer, keys: list[tuple[str, int]]
) -> Mapping[tuple[str, int], list[Sample]]:
    found = {}
    for hours in {hours for _, hours in keys}:
        names = [name for name, of in keys if of == hours]
        by_system = await streams.samples(db, names, timedelta(hours=hours))
        found.update({(name, hours): by_system.get(name, []) for name in names})
    return found


@systems_part.extends(System)
class _OfSystem:
    """What operators see of a system."""

    @strawberry.field(
        description=f"Its streams: what is pulled and sent, its calls and its files, as far as it has them."
        f" {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    async def streams(self: Any, info: Info) -> list[SystemStream] | None:
        """Load the streams together with those of the other systems."""
        connectors = info.context.operator.connectors
        hooks = frozenset(name for name, each in connectors.items() if each.hooks)
        files = frozenset(name for name, each in connectors.items() if each.has_files)

        async def load(db: AsyncConnection, _: Viewer, names: list[str]) -> Mapping[str, list[Stream]]:
            return await streams.streams(db, names, hooks, files)

        found = await info.context.load("system streams", load, self.name)
        return [to_stream(each) for each in found or ()]

    @strawberry.field(
        description=f"Its state over time, the earliest first. {requirement(OPERATE)}",
        directives=[SAMPLES_SIZE],
        extensions=requires(OPERATE),
    )
    async def samples(
        self: Any,
        info: Info,
        hours: Annotated[
            int, strawberry.argument(description=f"Samples of so many hours until now, 1 to {MAX_HOURS}.")
        ] = 24,
    ) -> list[SystemSample] | None:
        """Load the samples together with those of the other systems."""
        if not 1 <= hours <= MAX_HOURS:
            raise BadArgument(f"`hours` must be between 1 and {MAX_HOURS}.", f"`hours` harus antara 1 dan {MAX_HOURS}.")
        found = await info.context.load("system samples", _samples, (self.name, hours))
        return [
            SystemSample(
                at=each.at,
                lag_seconds=each.lag_in,
                delivery_lag_seconds=each.lag_out,
                records=each.records,
                quarantined=each.quarantined,
                open_deliveries=each.open_deliveries,
            )
            for each in found or ()
        ]

    @strawberry.field(
        description=f"The settings of its connector; empty if it is disabled. {requirement(OPERATE)}",
        directives=[SHORT_LIST_SIZE],
        extensions=requires(OPERATE),
    )
    def settings(self: Any, info: Info) -> list[SystemSetting] | None:
        """Return the settings without secrets."""
        facts = info.context.operator.connectors.get(self.name)
        return [
            SystemSetting(name=each.name, is_set=each.is_set, secret=each.secret, value=each.value)
            for each in (facts.settings if facts else ())
        ]

    @strawberry.field(
        description="The page of its connector in Markdown: owner, access, limits, oddities; null if it is disabled."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    def readme(self: Any, info: Info) -> str | None:
        """Return the page."""
        facts = info.context.operator.connectors.get(self.name)
        return facts.readme if facts else None

    @strawberry.field(
        description="The version of its connector, which changes with its code; null if it is disabled."
        f" {requirement(OPERATE)}",
        extensions=requires(OPERATE),
    )
    def connector_version(self: Any, info: Info) -> str | None:
        """Return the version."""
        facts = info.context.operator.connectors.get(self.name)
        return facts.version if facts else None
