"""Full-text search by PostgreSQL (decision 0012).

A row is found only by texts that the viewer may read; otherwise a search would disclose them. Secret rows are never
found, because each access to their text is recorded, and a search would read all of them. Encrypted data, such as
reporters, is not searched at all.

The expressions are those of the indexes, which a migration creates for complaints and ``hub migrate`` for records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Boolean, ColumnElement, and_, func, literal, literal_column, not_, or_, true

from hub.store.queries import visibility
from hub.store.tables import complaints, records
from hub.viewer import Viewer

_LANGUAGE = "'indonesian'::regconfig"
FULL_TEXT = f"to_tsvector({_LANGUAGE}, complaints.title || ' ' || complaints.text)"
MASKED_TITLE = (
    f"to_tsvector({_LANGUAGE},"
    r" regexp_replace(complaints.title, '\S*[0-9@\uFF10-\uFF19\u0660-\u0669]\S*', ' ', 'g'))"
)
"""The title without words that have a digit or an @, because ``hub.complaints.masking`` may mask any of them."""

_IDLE_MINUS = re.compile(r'-(?![\w"])')
"""A minus that is not before a word or a phrase."""


def matching_complaints(viewer: Viewer, query: str) -> ColumnElement[bool]:
    """Return the condition for the complaints that ``viewer`` finds: by title and text, or only by the masked title."""
    fully_visible = visibility.fully_visible(viewer)
    in_full = and_(fully_visible, not_(complaints.c.secret), _matches(FULL_TEXT, query))
    if visibility.handles_complaints(viewer):
        return in_full
    return or_(in_full, and_(visibility.public(), fully_visible.is_not(true()), _matches(MASKED_TITLE, query)))


def prose_vector(fields: Sequence[str], table: str = "") -> str:
    """Return the expression of the text vector of ``fields`` of a record's prose.

    ``table`` is the prefix of columns.
    """
    assert all(field.isidentifier() for field in fields)
    texts = " || ' ' || ".join(f"coalesce({table}prose ->> '{field}', '')" for field in fields)
    return f"to_tsvector({_LANGUAGE}, {texts})"


def matching_records(fields: Sequence[str], query: str) -> ColumnElement[bool]:
    """Return the condition for the records found by ``fields`` of their prose, for viewers who may read these."""
    return and_(not_(records.c.secret), _matches(prose_vector(fields, "records."), query))


def _matches(vector: str, query: str) -> ColumnElement[bool]:
    # websearch_to_tsquery accepts any input: words, "phrases", or, -without. Only a series of minuses overflows it.
    parsed = func.websearch_to_tsquery(literal_column(_LANGUAGE), literal(_IDLE_MINUS.sub(" ", query)))
    return literal_column(vector).op("@@", return_type=Boolean())(parsed)
