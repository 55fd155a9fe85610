"""Builds schemas from parts: the whole graph, or one part as a subgraph of Apollo Federation v2.

``build_schema`` first composes the types: it temporarily replaces the fields of each entity by copies of its own
fields and of all fields that the served parts add to it; an entity of a part that is not served becomes a stub with
only its ``id``. Strawberry then builds the schema, whose resolvers are the declared methods and those of
``hub.schema.link_fields`` and ``hub.schema.connections``. Afterwards the original fields are restored, so any number
of schemas can be built from the same declarations. The SDL is printed during the composition and stored.
"""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import strawberry
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import Key
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from hub.schema import ids
from hub.schema.arguments import BadArgument
from hub.schema.class_types import decide_types_by_class
from hub.schema.context import Info
from hub.schema.lookups import load_nodes
from hub.schema.nodes import Node, node_from_row
from hub.schema.part import Part
from hub.schema.scalars import SCALARS
from hub.store.queries import lookup

FEDERATION: Final = "2.9"
MAX_ENTITIES = 1_000


class HubSchema(strawberry.federation.Schema):
    """A federated schema whose ``_entities`` uses one SQL statement per type and key."""

    owned_types: frozenset[type[Node]]
    sdl: str
    node_types: dict[str, type[Node]]

    def as_str(self) -> str:
        """Return the SDL that was printed during the composition; later, types have other fields."""
        return self.sdl

    async def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:  # type: ignore[override]
        """Return the entities for a gateway, in the order of ``representations``; None for each that is not visible."""
        if len(representations) > MAX_ENTITIES:
            raise BadArgument(
                f"At most {MAX_ENTITIES} representations at once.",
                f"Paling banyak {MAX_ENTITIES} representasi sekaligus.",
            )
        found: list[Any] = [None] * len(representations)
        requested: dict[tuple[type[Node], str], list[tuple[int, str]]] = {}
        for index, representation in enumerate(representations):
            node, key, value = self._parse_representation(representation)
            requested.setdefault((node, key), []).append((index, value))
        for (node, key), places in requested.items():
            for (index, _), entity in zip(places, await self._find(info, node, key, places), strict=True):
                found[index] = entity
        return found

    def _parse_representation(self, representation: Any) -> tuple[type[Node], str, str]:
        """Return (type, key field, value) of a representation; raises ``BadArgument``."""
        node = self.node_types.get(str(representation.get("__typename"))) if isinstance(representation, dict) else None
        if node is None:
            types = ", ".join(sorted(self.node_types))
            raise BadArgument(
                f"A representation needs __typename, one of {types}.",
                f"Representasi memerlukan __typename, salah satu dari {types}.",
            )
        for key in ("id", *node.natural_keys):
            if isinstance(value := representation.get(key), str):
                return node, key, value
        name, keys = node.entity.name, ["id", *node.natural_keys]
        raise BadArgument(
            f"A representation of {name} needs {' or '.join(keys)}.",
            f"Representasi {name} memerlukan {' atau '.join(keys)}.",
        )

    async def _find(self, info: Info, node: type[Node], key: str, places: list[tuple[int, str]]) -> list[Any]:
        values = [value for _, value in places]
        if key == "id":
            return await self._by_id(info, node, values)
        if not node.natural_keys[key]:
            return await self._by_ref(info, node, [("hub", value) for value in values])
        async with info.context.read() as db:
            rows = await lookup.by_key(db, node.entity, info.context.viewer, node.natural_keys[key], values)
        return [node_from_row(node, rows[value]) if value in rows else None for value in values]

    async def _by_id(self, info: Info, node: type[Node], values: list[str]) -> list[Any]:
        refs = [_ref(value, node.entity.name) for value in values]
        found = iter(await self._by_ref(info, node, [ref for ref in refs if ref]))
        return [next(found) if ref else None for ref in refs]

    async def _by_ref(self, info: Info, node: type[Node], refs: list[lookup.Ref]) -> list[Any]:
        # A stub grants no access: its links start from rows that are visible to the viewer.
        if node not in self.owned_types:
            return [node.stub(ref) for ref in refs]
        return await load_nodes(info.context, node, refs)


def _ref(id_: str, type_name: str) -> lookup.Ref | None:
    try:
        named, ref = ids.decode(id_)
    except ids.BadId:
        return None
    return ref if named == type_name else None


def build_schema(
    parts: Sequence[Part],
    every: Sequence[Part],
    extensions: Sequence[Any] = (),
    directives: Mapping[tuple[type[Node], str], Sequence[object]] = MappingProxyType({}),
) -> HubSchema:
    """Return the schema of ``parts``; ``every`` are all parts of the graph.

    ``directives`` maps (type, field) to directives that are printed with the field. Raises ``ValueError`` if two parts
    add a field of the same name to one type.
    """
    owned = frozenset(node for part in parts for node in part.owned_types)
    nodes = [node for part in every for node in part.owned_types]
    with _composed(parts, nodes, owned, directives):
        schema = HubSchema(
            query=_root("Query", [_nullable(f) for part in parts for f in part.queries], "The queries of the hub."),
            mutation=_optional_root("Mutation", [field for part in parts for field in part.mutations], "mutations"),
            subscription=_optional_root(
                "Subscription", [field for part in parts for field in part.subscriptions], "subscriptions"
            ),
            types=_exposed_types(parts, nodes, owned),
            config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
            federation_version=FEDERATION,
            extensions=extensions,
        )
        schema.owned_types = owned
        names = {node.entity.name: node for node in nodes}
        schema.node_types = {name: node for name, node in names.items() if name in schema._schema.type_map}
        schema.sdl = print_schema(schema)
        service: Any = schema._schema.type_map["_Service"]
        service.fields["sdl"].resolve = lambda *_: schema.sdl
    decide_types_by_class(schema._schema)
    return schema


def _exposed_types(parts: Sequence[Part], nodes: list[type[Node]], owned: frozenset[type[Node]]) -> list[type]:
    every_node = any(part.exposes_every_node for part in parts)
    added = {node for part in parts for node in part.added_fields}
    return [node for node in nodes if every_node or node in owned or node in added]


def _optional_root(name: str, fields: list[StrawberryField], what: str) -> type | None:
    return _root(name, fields, f"The {what} of the hub.") if fields else None


def _root(name: str, fields: list[StrawberryField], description: str) -> type:
    _check_unique(name, fields)
    return create_type(name, [copy.copy(field) for field in fields], description=description)


def _nullable(field: StrawberryField) -> StrawberryField:
    """Return a copy of ``field`` that can be null: what fails, such as a subgraph behind a gateway, leaves the rest."""
    made = copy.copy(field)
    if not isinstance(field.type, StrawberryOptional):
        made.type = StrawberryOptional(cast(Any, field.type))
    return made


def _check_unique(name: str, fields: list[StrawberryField]) -> None:
    twice = [field for field, times in Counter(f.python_name for f in fields).items() if times > 1]
    if twice:
        raise ValueError(f"{name} has {', '.join(twice)} twice")


def _with_directives(field: StrawberryField, directives: Sequence[object]) -> StrawberryField:
    """Return a copy of ``field`` with additional directives in a new list."""
    made = copy.copy(field)
    made.directives = [*field.directives, *directives]
    return made


@contextlib.contextmanager
def _composed(
    parts: Sequence[Part],
    nodes: list[type[Node]],
    owned: frozenset[type[Node]],
    directives: Mapping[tuple[type[Node], str], Sequence[object]],
) -> Iterator[None]:
    """Compose the definitions of all entities from ``parts`` while the context is open."""
    definitions: list[Any] = [node.__strawberry_definition__ for node in nodes]  # type: ignore[attr-defined]
    before = [(definition.fields, definition.directives, definition.interfaces) for definition in definitions]
    try:
        for node, definition in zip(nodes, definitions, strict=True):
            own = definition.fields if node in owned else [f for f in definition.fields if f.python_name == "id"]
            fields = [*own, *(field for part in parts for field in part.added_fields.get(node, ()))]
            _check_unique(node.entity.name, fields)
            definition.fields = [
                _with_directives(field, directives.get((node, field.python_name), ())) for field in fields
            ]
            if node not in owned:
                definition.directives = [d for d in definition.directives if not isinstance(d, Key) or d.fields == "id"]
                definition.interfaces = [i for i in definition.interfaces if i.origin is Node]
        yield
    finally:
        for definition, (fields, directives, interfaces) in zip(definitions, before, strict=True):
            definition.fields, definition.directives, definition.interfaces = fields, directives, interfaces
