"""The part ``systems``: external systems with the state of their connections, and ``node`` for every entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kinds import Code
from hub.schema import ids
from hub.schema.arguments import BadArgument
from hub.schema.authorization import requires
from hub.schema.context import Context, Info
from hub.schema.levels import LEVEL
from hub.schema.lookups import load_hub_node, load_nodes
from hub.schema.nodes import Node, code_enum, row_ref
from hub.schema.part import Part, entity
from hub.schema.redaction import redacted
from hub.store import system_issues, systems
from hub.store.queries import entities
from hub.store.queries.entity import Row
from hub.store.queries.lookup import Ref
from hub.store.system_issues import Issue
from hub.viewer import Viewer

part = Part("systems", "External systems, and any object by its id.")
part.exposes_every_node = True

MAX_NODES = 100


class SystemState(Code):
    """The state of the connection to a system."""

    UP = "UP", "Aktif", "Up", "The last pull of records was complete."
    DOWN = "DOWN", "Terputus", "Down", "The system does not respond. The hub serves its copy and retries."
    STOPPED = (
        "STOPPED",
        "Dihentikan",
        "Stopped",
        "Settings are wrong, or requests or responses are invalid. The hub retries less and less often.",
    )
    STARTING = "STARTING", "Mulai", "Starting", "The first pull of records is not complete yet."
    DISABLED = (
        "DISABLED",
        "Nonaktif",
        "Disabled",
        "The system's connector is disabled. The hub keeps and serves its copy.",
    )


SystemStateEnum = code_enum(SystemState, "The state of the connection to a system.")


class SystemCoverage(Code):
    """Which records a pull from a system covers."""

    FULL = "FULL", "Penuh", "Full", "A pull lists all records."
    KNOWN_ONLY = (
        "KNOWN_ONLY",
        "Hanya yang dikenal",
        "Known only",
        "The hub can only query records that it already knows.",
    )


SystemCoverageEnum = code_enum(SystemCoverage, "Which records a pull from a system covers.")


class SystemIssueCode(Code):
    """Problems with a system that do not necessarily stop its pulls."""

    CLOCK_SKEW = "CLOCK_SKEW", "Jam melenceng", "Clock is off", "The system's clock differs too much from the hub's."
    FUTURE_TIMESTAMPS = (
        "FUTURE_TIMESTAMPS",
        "Waktu mendatang",
        "Future times",
        "Records of the system have modification times in the future.",
    )
    CONTRACT_VIOLATION = (
        "CONTRACT_VIOLATION",
        "Jawaban menyimpang",
        "Contract broken",
        (
            "The system's responses do not have the agreed format, or another server responds in its place. The"
            " system becomes STOPPED if this persists."
        ),
    )
    MANY_MISSING = (
        "MANY_MISSING",
        "Banyak yang hilang",
        "Many absent",
        (
            "A full pull missed far more records than usual. They are marked as gone once a second full pull or"
            " an operator confirms it."
        ),
    )


SystemIssueCodeEnum = code_enum(SystemIssueCode, "Problems with a system that do not necessarily stop its pulls.")


@strawberry.type(
    description="A problem with a system that does not necessarily stop its pulls. It is removed when the problem ends."
)
class SystemIssue:
    """An open issue of a system."""

    code: SystemIssueCode = strawberry.field(description="The kind of problem.")
    since: datetime = strawberry.field(description="When the problem began.")
    message: str = strawberry.field(description="A description for the operators of the hub.")


async def _load_states(context: Context) -> Mapping[str, systems.SystemState]:
    """Return the states of all systems by name, sorted; loads them once per operation."""

    async def load() -> Mapping[str, systems.SystemState]:
        async with context.read() as db:
            return {state.name: state for state in await systems.overview(db)}

    return await context.memoize("system states", load)


def _state_field(description: str, type_: Any, of: Callable[[systems.SystemState], Any], *scopes: str) -> Any:
    """Return a field whose value is ``of`` the system's state; it requires ``scopes``."""

    async def resolve_level(info: Info, sources: Sequence[System]) -> list[Any]:
        states = await _load_states(info.context)
        return [of(states[system.name]) for system in sources]

    async def resolve(root: Any, info: Info) -> Any:
        return (await resolve_level(info, [root]))[0]

    resolve.__annotations__ = {"root": Any, "info": Info, "return": type_}
    return strawberry.field(
        resolver=resolve, description=description, extensions=requires(*scopes), metadata={LEVEL: resolve_level}
    )


def _lag(as_of: datetime | None) -> float | None:
    return None if as_of is None else round((datetime.now(as_of.tzinfo) - as_of).total_seconds(), 1)


@entity(part, "An external system whose records the hub copies.")
class System(Node):
    """A row of ``systems``."""

    entity = entities.SYSTEM
    natural_keys = {"name": ""}

    name: str = strawberry.field(description="The system's short name, such as `lapor`.")
    title: str = strawberry.field(description="The system's display name.")
    owner: str = strawberry.field(description="The organisation that runs the system.")
    as_of: datetime | None = strawberry.field(
        description="The time up to which the hub has all records of the system; null before the first complete pull."
    )
    down_since: datetime | None = strawberry.field(
        description="When the system stopped responding; null while it responds."
    )
    coverage: SystemCoverage = strawberry.field(description="Which records a pull covers.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Return the system of a row of ``systems``."""
        return cls(
            ref=row_ref(row),
            name=row["name"],
            title=row["title"],
            owner=row["owner"],
            as_of=row["synced_at"],
            down_since=row["down_since"],
            coverage=SystemCoverage(row["coverage"]),
        )

    state: SystemState = _state_field(
        "The state of the connection to the system.", SystemState, lambda state: SystemState(state.state)
    )
    lag_seconds: float | None = _state_field(
        "Seconds since `asOf`; null before the first complete pull.", float | None, lambda state: _lag(state.synced_at)
    )
    record_count: int = _state_field(
        "The number of the system's records in the hub, without those that the system no longer has.",
        int,
        lambda state: state.records,
    )
    quarantined_count: int = _state_field(
        "The number of the system's items in quarantine: the hub could not read them and an operator must decide.",
        int,
        lambda state: state.quarantined,
    )
    last_error: str | None = _state_field(
        "Why the system is down or stopped, for the operators of the hub; null while it is up. Requires the scope"
        " hub:operate.",
        str | None,
        lambda state: state.last_error and redacted(state.last_error),
        "hub:operate",
    )

    paused_at: datetime | None = _state_field(
        "When an operator paused the system: nothing is pulled from it and nothing is sent to it; null otherwise."
        " Requires the scope hub:operate.",
        datetime | None,
        lambda state: state.paused_at,
        "hub:operate",
    )

    @strawberry.field(
        description="Problems that do not necessarily stop the system's pulls, for the operators of the hub. Requires"
        " the scope hub:operate.",
        extensions=requires("hub:operate"),
    )
    async def issues(self, info: Info) -> list[SystemIssue] | None:
        """Load the issues together with those of the other systems."""
        found = await info.context.load("system issues", _issues, self.name) or []
        return [SystemIssue(code=SystemIssueCode(i.code), since=i.since, message=redacted(i.detail)) for i in found]


async def _issues(db: AsyncConnection, _: Viewer, names: list[str]) -> Mapping[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for issue in await system_issues.entries(db, names):
        found.setdefault(issue.system, []).append(issue)
    return found


@part.query
class Query:
    """Root fields of systems, and ``node``."""

    @strawberry.field(description="All external systems, sorted by name.")
    async def systems(self, info: Info) -> list[System]:
        """Return all systems; they are public."""
        states = await _load_states(info.context)
        found = await load_nodes(info.context, System, [(entities.HUB, name) for name in states])
        return [system for system in found if isinstance(system, System)]

    @strawberry.field(description="The system with this name; null if there is none.")
    async def system(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The system's short name, such as `lapor`.")],
    ) -> System | None:
        """Load it together with the other lookups of the level."""
        return await load_hub_node(info.context, System, name)

    @strawberry.field(description="The object with this id; null if it does not exist or is not visible to the viewer.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The object's id.")]
    ) -> Node | None:
        """Return the object, as in Relay's specification."""
        return (await _nodes_by_id(info, [id]))[0]

    @strawberry.field(
        description="The objects with these ids, in the same order; null for each that does not exist"
        " or is not visible to the viewer."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description=f"The objects' ids, at most {MAX_NODES}.")],
    ) -> list[Node | None]:
        """Return the objects, as in Relay's specification."""
        if len(ids) > MAX_NODES:
            raise BadArgument(f"`ids` takes at most {MAX_NODES}.", f"`ids` paling banyak {MAX_NODES}.")
        return await _nodes_by_id(info, ids)


async def find_nodes(info: Info, node: type[Node], refs: list[Ref]) -> list[Node | None]:
    """Return the nodes that are visible to the viewer, None for each other; stubs if another subgraph owns the type."""
    found = await load_nodes(info.context, node, refs)
    if node in info.schema.owned_types:  # type: ignore[attr-defined]
        return found
    return [None if each is None else node.stub(each.ref) for each in found]


async def _nodes_by_id(info: Info, node_ids: list[strawberry.ID]) -> list[Node | None]:
    """Return the nodes with these ids in order, with one SQL statement per type."""
    shown: dict[str, type[Node]] = info.schema.node_types  # type: ignore[attr-defined]
    places: dict[type[Node], list[tuple[int, Ref]]] = {}
    for index, id_ in enumerate(node_ids):
        try:
            name, ref = ids.decode(id_)
        except ids.BadId as bad:
            raise BadArgument.from_error(bad) from None
        if name in shown:
            places.setdefault(shown[name], []).append((index, ref))
    found: list[Node | None] = [None] * len(node_ids)
    for node, refs in places.items():
        for (index, _), each in zip(refs, await find_nodes(info, node, [ref for _, ref in refs]), strict=True):
            found[index] = each
    return found
