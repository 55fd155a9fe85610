"""Which optional columns of a node's entity no selected field reads, so that a statement need not select them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from hub.executor.plan import FieldPlan, ListShape, ObjectPlan, ObjectShape, Shape
from hub.schema.levels import READS
from hub.schema.nodes import Node

_DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


def unread_columns(node: type[Node], shape: Shape) -> frozenset[str]:
    """Return the optional columns that no field reads which is selected of ``node`` below ``shape``.

    ``shape`` is the node's, or that of a list or a connection of nodes. None is left out if a field may read
    everything: one whose resolver does not say what it reads.
    """
    read = [_read_fields(field) for plan in _plans(node, shape) for field in plan.fields]
    if node.columns is None or None in read:
        return frozenset()
    columns = node.columns
    return node.entity.without(
        column for names in read for name in names or () for column in columns.get(name, (name,))
    )


def _plans(node: type[Node], shape: Shape) -> Iterator[ObjectPlan]:
    """Yield the selections of ``node``: of a connection those in ``nodes`` and in each edge."""
    match shape:
        case ListShape(_, item):
            yield from _plans(node, item)
        case ObjectShape(_, plan):
            definition: Any = plan.type.extensions.get(_DEFINITION)
            if definition and definition.origin is node:
                yield plan
            else:
                for field in plan.fields:
                    yield from _plans(node, field.shape)


def _read_fields(field: FieldPlan) -> Iterable[str] | None:
    """Return the Python names of the fields that a field of a node reads, None if it may read everything."""
    definition = field.definition.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField):
        return None
    if definition.base_resolver:
        return definition.metadata.get(READS)
    return (definition.python_name,)
