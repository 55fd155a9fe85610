"""The part ``systems``: the outside systems and how far the hub is in step with each; ``node`` for every entity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Code
from hub.schema import ids
from hub.schema.context import Context, Info
from hub.schema.listing import BadArgument, nodes_by_ref
from hub.schema.needs import needs
from hub.schema.nodes import Node, code_enum
from hub.schema.part import Part, entity
from hub.store import systems
from hub.store.reading import entities
from hub.store.reading.entity import Row
from hub.viewer import Viewer

part = Part("systems", "Outside systems, and any entity by its id.")
part.needs_every_node = True

NODES_MAX = 100
LONGEST = 300
"""Characters of what is told of a system's trouble."""

# A system's own words are in it too, which may hold an address to sign in with, or somebody's number.
_HIDDEN = re.compile(r"https?://\S+|\S+@\S+|\d{6,}")


class SystemCondition(Code):
    """How a system does."""

    UP = "UP", "Aktif", "Up", "The last pull was complete."
    DOWN = "DOWN", "Terputus", "Down", "It does not answer; the hub answers from its copy and tries again."
    STOPPED = "STOPPED", "Dihentikan", "Stopped", "A person has to act, for instance on expired credentials."
    STARTING = "STARTING", "Mulai", "Starting", "The first pull is not complete yet."
    DISABLED = "DISABLED", "Nonaktif", "Disabled", "Its connector is not enabled; the copy stays."


SystemConditionEnum = code_enum(SystemCondition, "How a system does.")


class SystemCoverage(Code):
    """How much of a system a pull can see."""

    FULL = "FULL", "Penuh", "Full", "Everything is listed."
    KNOWN_ONLY = "KNOWN_ONLY", "Hanya yang dikenal", "Known only", "Only what the hub already knows can be asked for."


SystemCoverageEnum = code_enum(SystemCoverage, "How much of a system a pull can see.")


@entity(part, "An outside system the hub keeps a copy of.")
class System(Node):
    """One outside system."""

    entity = entities.SYSTEM
    natural_keys = {"name": ""}

    name: str = strawberry.field(description="Its short name, such as `lapor`.")
    title: str = strawberry.field(description="Its name for people.")
    owner: str = strawberry.field(description="Who runs it.")
    as_of: datetime | None = strawberry.field(
        description="Up to when the hub heard everything the system tells; null before the first complete pull."
    )
    down_since: datetime | None = strawberry.field(description="Since when it does not answer; null while it does.")
    coverage: SystemCoverage = strawberry.field(description="How much of it a pull can see.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """From ``systems``."""
        return cls(
            id=cls.row_id(row),
            name=row["name"],
            title=row["title"],
            owner=row["owner"],
            as_of=row["synced_at"],
            down_since=row["down_since"],
            coverage=SystemCoverage(row["coverage"]),
        )

    @strawberry.field(description="How it does.")
    async def state(self, info: Info) -> SystemCondition:
        """One statement for all systems asked for."""
        return SystemCondition((await _state(info.context, self.name)).state)

    @strawberry.field(description="Seconds since `asOf`; null before the first pull is complete.")
    async def lag_seconds(self, info: Info) -> float | None:
        """Counted now."""
        as_of = (await _state(info.context, self.name)).synced_at
        return None if as_of is None else round((datetime.now(as_of.tzinfo) - as_of).total_seconds(), 1)

    @strawberry.field(description="How many of its records the hub holds; without those that are gone.")
    async def records(self, info: Info) -> int:
        """Kept as a count, not counted."""
        return (await _state(info.context, self.name)).records

    @strawberry.field(description="How many of its items could not be read whole and wait for a person.")
    async def quarantined(self, info: Info) -> int:
        """Open entries."""
        return (await _state(info.context, self.name)).quarantined

    @strawberry.field(
        description="Why it is down or stopped, in words for who operates the hub; null while it does well.",
        extensions=needs("hub:operate"),
    )
    async def trouble(self, info: Info) -> str | None:
        """As the last pull noted it."""
        trouble = (await _state(info.context, self.name)).trouble
        return None if trouble is None else _HIDDEN.sub("…", trouble)[:LONGEST]


async def _state(context: Context, name: str) -> systems.SystemState:
    state = await context.found("system states", _states, name)
    assert state, "a system has a row"
    return state


async def _states(db: AsyncConnection, _: Viewer, names: list[str]) -> Mapping[str, systems.SystemState]:
    return {state.name: state for state in await systems.overview(db, names)}


@part.query
class Query:
    """Root fields of this part."""

    @strawberry.field(description="The outside systems, by name.")
    async def systems(self, info: Info) -> list[System]:
        """Public."""
        async with info.context.database.read() as db:
            names = [state.name for state in await systems.overview(db)]
        found = await nodes_by_ref(info.context, System, [(entities.HUB, name) for name in names])
        return [system for system in found if isinstance(system, System)]

    @strawberry.field(description="An entity by its id; null when it is not there or not yours to see.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Node | None:
        """Relay's node."""
        return (await _nodes(info, [id]))[0]

    @strawberry.field(description=f"Entities by their ids, in that order; at most {NODES_MAX}.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Their ids.")]
    ) -> list[Node | None]:
        """Relay's nodes."""
        if len(ids) > NODES_MAX:
            raise BadArgument(f"`ids` takes at most {NODES_MAX}.")
        return await _nodes(info, ids)


async def _nodes(info: Info, wanted: list[strawberry.ID]) -> list[Node | None]:
    """One statement a type. In a subgraph, types owned elsewhere come back as stubs of what is visible."""
    shown: dict[str, type[Node]] = info.schema.shown  # type: ignore[attr-defined]
    owned: frozenset[type[Node]] = info.schema.owned  # type: ignore[attr-defined]
    places: dict[type[Node], list[tuple[int, tuple[str, str]]]] = {}
    for index, id_ in enumerate(wanted):
        try:
            name, ref = ids.decode(id_)
        except ids.BadId as bad:
            raise BadArgument(str(bad)) from None
        if name in shown:
            places.setdefault(shown[name], []).append((index, ref))
    found: list[Node | None] = [None] * len(wanted)
    for node, refs in places.items():
        for (index, _), each in zip(
            refs, await nodes_by_ref(info.context, node, [ref for _, ref in refs]), strict=True
        ):
            found[index] = node.stub(each.id) if each is not None and node not in owned else each
    return found
