"""The graph: all parts and their links put together, and the schemas built from them."""

from __future__ import annotations

from functools import cache

from strawberry.extensions import SchemaExtension

from hub.connectors.sharing import Shared
from hub.errors import BadSetting
from hub.schema import changes, complaints, payments, procurement, push, reports, systems
from hub.schema.build import HubSchema, build
from hub.schema.complaints import deciding, deliveries, following, handling, queries, settling, submission, totals
from hub.schema.complaints.authority import authorities
from hub.schema.links import LINKS
from hub.schema.part import Part

PARTS: tuple[Part, ...] = (complaints.part, reports.part, payments.part, procurement.part, systems.part)

for _queries in (queries.Query, totals.Query, deliveries.Query, deciding.Query):
    complaints.part.query(_queries)
for _mutations in (submission.Mutation, handling.Mutation, following.Mutation, settling.Mutation, deciding.Mutation):
    complaints.part.mutation(_mutations)
systems.part.query(changes.Query)
systems.part.mutation(push.Mutation)
_OWNER = {node: part for part in PARTS for node in part.owns}
for _link in LINKS:
    _OWNER[_link.target].link(_link)


@cache
def schema(
    subgraph: str | None = None,
    extra: tuple[Part, ...] = (),
    extensions: tuple[type[SchemaExtension], ...] = (),
    shared: tuple[tuple[str, Shared], ...] = (),
) -> HubSchema:
    """The merged graph, or the part called ``subgraph``; ``extra`` are parts that connectors bring.

    ``shared`` is what complaints share with which system: it is printed with their fields.
    """
    parts, directives = (*PARTS, *extra), authorities(shared)
    if subgraph is None:
        return build(parts, parts, extensions, directives)
    names = {part.name: part for part in parts}
    if subgraph not in names:
        raise BadSetting(f"There is no subgraph {subgraph!r}; choose one of {', '.join(names)}.")
    return build([names[subgraph]], parts, extensions, directives)
