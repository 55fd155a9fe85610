"""Builds schemas from parts: the merged graph, or one part as a subgraph of Apollo Federation v2.

While a schema is built, each entity's fields are replaced by copies: its own and all that the
served parts add, or only ``id`` where the part that owns it is not served. They are put back
afterwards, so that any number of schemas can be built from the same declarations.
"""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import strawberry
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import Key
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from hub.schema import ids
from hub.schema.context import Info
from hub.schema.listing import BadArgument, nodes_by_ref
from hub.schema.nodes import Node
from hub.schema.part import Part
from hub.schema.scalars import SCALARS
from hub.store.reading import naming

FEDERATION: Final = "2.9"
ENTITIES_MAX = 1_000


class HubSchema(strawberry.federation.Schema):
    """A federated schema whose ``_entities`` takes one statement a type, however many references it is given."""

    owned: frozenset[type[Node]]
    sdl: str
    shown: dict[str, type[Node]]

    def as_str(self) -> str:
        """The SDL, printed while the parts were composed; printing it anew would show every type whole."""
        return self.sdl

    async def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:  # type: ignore[override]
        """Entities for a gateway, in the order of ``representations``; None for what the viewer may not see."""
        if len(representations) > ENTITIES_MAX:
            raise BadArgument(f"At most {ENTITIES_MAX} representations at once.")
        found: list[Any] = [None] * len(representations)
        wanted: dict[tuple[type[Node], str], list[tuple[int, str]]] = {}
        for index, representation in enumerate(representations):
            node, key, value = self._named(representation)
            wanted.setdefault((node, key), []).append((index, value))
        for (node, key), places in wanted.items():
            for (index, _), entity in zip(places, await self._find(info, node, key, places), strict=True):
                found[index] = entity
        return found

    def _named(self, representation: Any) -> tuple[type[Node], str, str]:
        """(type, key field, its value) of one representation."""
        node = self.shown.get(str(representation.get("__typename"))) if isinstance(representation, dict) else None
        if node is None:
            raise BadArgument(f"A representation needs __typename, one of {', '.join(sorted(self.shown))}.")
        for key in ("id", *node.natural_keys):
            if isinstance(value := representation.get(key), str):
                return node, key, value
        raise BadArgument(f"A representation of {node.entity.name} needs {' or '.join(['id', *node.natural_keys])}.")

    async def _find(self, info: Info, node: type[Node], key: str, places: list[tuple[int, str]]) -> list[Any]:
        values = [value for _, value in places]
        if key == "id":
            return await self._by_id(info, node, values)
        if not node.natural_keys[key]:
            return await self._by_ref(info, node, [("hub", value) for value in values])
        async with info.context.database.read() as db:
            rows = await naming.by_key(db, node.entity, info.context.viewer, node.natural_keys[key], values)
        return [node.from_row(rows[value]) if value in rows else None for value in values]

    async def _by_id(self, info: Info, node: type[Node], values: list[str]) -> list[Any]:
        refs = [_ref(value, node.entity.name) for value in values]
        found = iter(await self._by_ref(info, node, [ref for ref in refs if ref]))
        return [next(found) if ref else None for ref in refs]

    async def _by_ref(self, info: Info, node: type[Node], refs: list[naming.Ref]) -> list[Any]:
        # A stub opens nothing: its links start from rows the viewer may see.
        if node not in self.owned:
            return [node.stub(node.id_of(ref)) for ref in refs]
        return await nodes_by_ref(info.context, node, refs)


def _ref(id_: str, type_name: str) -> naming.Ref | None:
    try:
        named, ref = ids.decode(id_)
    except ids.BadId:
        return None
    return ref if named == type_name else None


def build(
    parts: Sequence[Part],
    every: Sequence[Part],
    extensions: Sequence[Any] = (),
    directives: Mapping[tuple[type[Node], str], Sequence[object]] = MappingProxyType({}),
) -> HubSchema:
    """The schema of ``parts``, out of ``every`` part there is; ``directives`` are printed with fields (type, name).

    Raises ``ValueError`` when two parts give one type the same field.
    """
    owned = frozenset(node for part in parts for node in part.owns)
    nodes = [node for part in every for node in part.owns]
    with _composed(parts, nodes, owned, directives):
        schema = HubSchema(
            query=_root("Query", [field for part in parts for field in part.queries], "What can be asked."),
            mutation=_mutation(parts),
            types=_shown_types(parts, nodes, owned),
            config=StrawberryConfig(disable_field_suggestions=True, scalar_map=SCALARS),
            federation_version=FEDERATION,
            extensions=extensions,
        )
        schema.owned = owned
        names = {node.entity.name: node for node in nodes}
        schema.shown = {name: node for name, node in names.items() if name in schema._schema.type_map}
        schema.sdl = print_schema(schema)
        service: Any = schema._schema.type_map["_Service"]
        service.fields["sdl"].resolve = lambda *_: schema.sdl
    return schema


def _shown_types(parts: Sequence[Part], nodes: list[type[Node]], owned: frozenset[type[Node]]) -> list[type]:
    every_node = any(part.needs_every_node for part in parts)
    added = {node for part in parts for node in part.adds}
    return [node for node in nodes if every_node or node in owned or node in added]


def _mutation(parts: Sequence[Part]) -> type | None:
    fields = [field for part in parts for field in part.mutations]
    return _root("Mutation", fields, "What can be done.") if fields else None


def _root(name: str, fields: list[StrawberryField], description: str) -> type:
    _refuse_twice(name, fields)
    return create_type(name, [copy.copy(field) for field in fields], description=description)


def _refuse_twice(name: str, fields: list[StrawberryField]) -> None:
    twice = [field for field, times in Counter(f.python_name for f in fields).items() if times > 1]
    if twice:
        raise ValueError(f"{name} is given {', '.join(twice)} twice")


def _with(field: StrawberryField, directives: Sequence[object]) -> StrawberryField:
    """A copy of ``field`` that has these directives too; copies share the list itself."""
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
    """Every entity's definition as ``parts`` make it, for as long as the schema is built."""
    definitions: list[Any] = [node.__strawberry_definition__ for node in nodes]  # type: ignore[attr-defined]
    before = [(definition.fields, definition.directives, definition.interfaces) for definition in definitions]
    try:
        for node, definition in zip(nodes, definitions, strict=True):
            own = definition.fields if node in owned else [f for f in definition.fields if f.python_name == "id"]
            fields = [*own, *(field for part in parts for field in part.adds.get(node, ()))]
            _refuse_twice(node.entity.name, fields)
            definition.fields = [_with(field, directives.get((node, field.python_name), ())) for field in fields]
            if node not in owned:
                definition.directives = [d for d in definition.directives if not isinstance(d, Key) or d.fields == "id"]
                definition.interfaces = [i for i in definition.interfaces if i.origin is Node]
        yield
    finally:
        for definition, (fields, directives, interfaces) in zip(definitions, before, strict=True):
            definition.fields, definition.directives, definition.interfaces = fields, directives, interfaces
