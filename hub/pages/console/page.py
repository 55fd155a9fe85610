"""What a page of the console is: one address, one registered document, one template, and what its forms do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.pages.page import Content, Data
from hub.pages.reader import Reader

OPERATE = "hub:operate"
LIMIT = 100
"""The maximum number of rows that a form acts on at once."""
PAGE_SIZE = 50

Query = Mapping[str, str]
"""The parameters of an address, and of its query string."""
Run = Callable[[str, Mapping[str, Any]], Awaitable[Data]]
"""Executes a document with variables, for the officer and in the language of the page."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row, or would become.

    ``label`` names it, ``detail`` says how it is now, ``body`` is its content afterwards, as JSON, and ``secret`` what
    is shown this once. ``address`` is where the thing is afterwards.
    """

    label: str
    accepted: bool
    message: str
    detail: str = ""
    body: str = ""
    secret: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form: the rows that were chosen, the text fields, and the key under which a repeat changes nothing.

    Instead of rows it may have a ``group``, whose key the graph gave. ``query`` has the parameters of its page.
    """

    picked: Sequence[str]
    fields: Mapping[str, str]
    key: str
    query: Query
    group: str = ""

    def chosen(self, rows: str) -> dict[str, Any]:
        """Return what a mutation takes: the group, or the rows by the name of their argument."""
        return {"group": self.group} if self.group else {rows: list(self.picked)}


class Refused(Exception):
    """The form is wrong: what is wrong by field, ``""`` for the form itself."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(*problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the page that confirms an act: its name, and its kind (``text``, ``long``, ``date``, ``select``)."""

    name: str
    kind: str = "text"
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What a button of a page does, after the reader confirmed what would become of each row.

    ``preview`` changes nothing; both raise ``Refused``. ``danger``: the act cannot be taken back.
    ``needs_rows``: it is about rows that were chosen. ``shows_results``: its outcomes are shown even if all are done.
    ``given`` are the fields that the page itself asks for, so that the preview knows them; all are required.
    """

    preview: Callable[[Run, Submitted, Reader], Awaitable[list[Outcome]]]
    perform: Callable[[Run, Submitted, Reader], Awaitable[list[Outcome]]]
    fields: tuple[FormField, ...] = ()
    danger: bool = False
    scope: str | None = OPERATE
    needs_rows: bool = True
    shows_results: bool = False
    given: tuple[str, ...] = ()


def no_variables(query: Query) -> Mapping[str, Any]:
    """Return no variables."""
    return {}


@dataclass(frozen=True, slots=True)
class Moved:
    """What was asked for is at another ``address``, where the reader is led."""

    address: str


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A page of the console.

    ``name`` is that of its addresses, document, template and texts; ``build`` returns None if there is no such page.
    ``params`` are those of its address, ``filters`` those of its query string. ``section`` is its page in the
    navigation, by default itself; ``scope`` is what its reader needs, None for any who signed in. ``rows`` is the
    connection that it shows page by page. ``figures``: it has figures, which are also CSV.
    """

    name: str
    build: Callable[[Data, Query, Reader], Content | Moved | None]
    variables: Callable[[Query], Mapping[str, Any]] = no_variables
    params: tuple[str, ...] = ()
    filters: tuple[str, ...] = ("after",)
    section: str = ""
    acts: Mapping[str, Act] = field(default_factory=dict)
    scope: str | None = OPERATE
    rows: str = ""
    figures: bool = False

    @property
    def path_name(self) -> str:
        """The name of its addresses in ``hub.pages.paths``."""
        return f"console_{self.name}" if self.scope else self.name

    @property
    def texts(self) -> str:
        """The group of its texts, which is that of its page in the navigation."""
        return f"console_{self.section or self.name}"


def paging(query: Query) -> dict[str, Any]:
    """Return the variables of a page of rows."""
    return {"first": PAGE_SIZE, "after": query.get("after") or None}
