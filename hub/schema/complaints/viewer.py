"""The viewer of the request: front-ends decide by it what to show."""

from __future__ import annotations

from typing import Self

import strawberry

from hub.schema.complaints.agencies import Agency
from hub.schema.context import Info
from hub.schema.lookups import load_hub_node
from hub.schema.nodes import Language
from hub.viewer import ViewerKind

_DESCRIPTIONS = {
    ViewerKind.ANONYMOUS: "The public: a request without credentials.",
    ViewerKind.PARTNER: "An OAuth client that acts for itself.",
    ViewerKind.OFFICER: "An officer of the complaint desk or of an agency.",
    ViewerKind.CITIZEN: "A citizen with an account.",
    ViewerKind.HOLDER: "A person who sent the ticket number and tracking code of a complaint.",
    ViewerKind.WORKER: "A process of the hub.",
}
_kinds = strawberry.enum(ViewerKind, description="The kind of a viewer.").__strawberry_definition__  # type: ignore[attr-defined]
for _value in _kinds.values:
    _value.description = _DESCRIPTIONS[ViewerKind(_value.value)]


@strawberry.type(description="The viewer of the request. It contains no personal data.")
class Viewer:
    """The viewer of the request, without personal data."""

    kind: ViewerKind = strawberry.field(description="The kind of viewer.")
    name: str = strawberry.field(description="The viewer's stable name in changes and in the audit trail.")
    client: str | None = strawberry.field(
        description="The id of the OAuth client that sent the request; null if there is none."
    )
    scopes: list[str] = strawberry.field(
        description="The granted OAuth scopes in alphabetical order; docs/access.md lists all scopes."
    )
    merchants: list[str] = strawberry.field(
        description="The merchants whose payments a partner may see; the values are defined by the payment provider."
    )
    ticket: str | None = strawberry.field(
        description="The ticket number of the complaint whose tracking code was sent; null for other viewers."
    )
    language: Language = strawberry.field(description="The language of labels and messages in this request.")

    @strawberry.field(
        description="The agency of an officer; null for officers of the complaint desk and for other viewers."
    )
    async def agency(self, info: Info) -> Agency | None:
        """Load the agency with one SQL statement; None without one if the viewer has no agency."""
        code = info.context.viewer.agency
        return None if code is None else await load_hub_node(info.context, Agency, code)

    @classmethod
    def from_request(cls, info: Info) -> Self:
        """Return the viewer of the request of ``info``."""
        viewer = info.context.viewer
        return cls(
            kind=viewer.kind,
            name=viewer.name,
            client=viewer.client,
            scopes=sorted(viewer.scopes),
            merchants=sorted(viewer.merchants),
            ticket=viewer.ticket,
            language=Language(info.context.language.upper()),
        )


class Query:
    """The query of the viewer."""

    @strawberry.field(
        description="The viewer of the request and what it may do. Requests without credentials have a viewer too."
    )
    def viewer(self, info: Info) -> Viewer:
        """Return the viewer, without an SQL statement."""
        return Viewer.from_request(info)
