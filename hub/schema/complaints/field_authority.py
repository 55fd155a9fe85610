"""The directive ``@authority``: which side decides the value of a field that a complaint shares with a system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import strawberry
from strawberry.schema_directive import Location

from hub.complaints.field_authority import Authority, SharedField
from hub.schema.complaints.complaint import Complaint
from hub.schema.nodes import Node

_PYTHON_NAMES = {"class": "klass"}
"""Names of fields that are reserved words in Python, with their attributes."""


@strawberry.schema_directive(
    name="authority",
    locations=[Location.FIELD_DEFINITION],
    repeatable=True,
    description="The field is shared with records of a system, and this side decides its value; see"
    " `Complaint.sharedFields`.",
)
class AuthorityDirective:
    """The authority over a shared field, as its connector declares it."""

    system: str = strawberry.directive_field(name="system")
    side: Authority = strawberry.directive_field(name="side")


def authority_directives(shared: Iterable[tuple[str, SharedField]]) -> Mapping[tuple[type[Node], str], list[object]]:
    """Return the directives for the fields of ``Complaint`` from (system, shared field) pairs."""
    found: dict[tuple[type[Node], str], list[object]] = defaultdict(list)
    for system, each in shared:
        place = Complaint, _PYTHON_NAMES.get(each.field, each.field)
        found[place].append(AuthorityDirective(system=system, side=each.authority))
    return found
