"""Who has the say in a field that complaints and another system's records both hold, as the SDL prints it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import strawberry
from strawberry.schema_directive import Location

from hub.connectors.sharing import Authority, Shared
from hub.schema.complaints.complaint import Complaint
from hub.schema.nodes import Node

_SPELT = {"class": "klass"}
"""Names that Python keeps for itself."""


@strawberry.schema_directive(
    name="authority",
    locations=[Location.FIELD_DEFINITION],
    repeatable=True,
    description="Another system's records hold this field too, and which side has the say; see `Complaint.shared`.",
)
class HasTheSay:
    """A declaration of a connector's."""

    system: str = strawberry.directive_field(name="system")
    side: Authority = strawberry.directive_field(name="side")


def authorities(shared: Iterable[tuple[str, Shared]]) -> Mapping[tuple[type[Node], str], list[object]]:
    """The directives of a complaint's fields, by what systems share."""
    found: dict[tuple[type[Node], str], list[object]] = defaultdict(list)
    for system, each in shared:
        place = Complaint, _SPELT.get(each.field, each.field)
        found[place].append(HasTheSay(system=system, side=each.authority))
    return found
