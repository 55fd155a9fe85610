"""Where a gateway's answer is known to differ, by a fault of the gateway; docs/federation.md documents each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

Fragments = Mapping[str, FragmentDefinitionNode]


def hive_drops_a_field(document: DocumentNode) -> bool:
    """Return whether a field is written several times with one key, once under ``@skip`` or ``@include``.

    If that one is left out, Hive Gateway 2.15.1 may leave out the others too.
    """
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return any(_drops([each.selection_set], fragments) for each in operations)


def _drops(sets: list[SelectionSetNode], fragments: Fragments) -> bool:
    fields: dict[str, list[tuple[FieldNode, bool]]] = {}
    for selections in sets:
        for field, conditional in _flat(selections, False, fragments):
            fields.setdefault((field.alias or field.name).value, []).append((field, conditional))
    if any(len(same) > 1 and any(conditional for _, conditional in same) for same in fields.values()):
        return True
    below = ([field.selection_set for field, _ in same if field.selection_set] for same in fields.values())
    return any(_drops(each, fragments) for each in below if each)


def _flat(selections: SelectionSetNode, conditional: bool, fragments: Fragments) -> Iterator[tuple[FieldNode, bool]]:
    """Yield the fields of a selection set and its fragments, and whether each has a condition."""
    for node in selections.selections:
        under = conditional or bool(node.directives)
        if isinstance(node, FieldNode):
            yield node, under
        elif isinstance(node, FragmentSpreadNode):
            yield from _flat(fragments[node.name.value].selection_set, under, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from _flat(node.selection_set, under, fragments)
