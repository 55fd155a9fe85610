"""What fields cost, as the SDL says it by ``@cost`` and ``@listSize`` (Apollo Federation 2.9).

The hub's own estimate reads these same directives, so that it and a router's agree. An object
costs one and a leaf nothing where no weight is given.
"""

from __future__ import annotations

from strawberry.federation.schema_directives import Cost, ListSize

FIRST = 20
"""Rows of a page when nobody says how many."""

PAGED = ListSize(
    assumed_size=FIRST, slicing_arguments=["first"], sized_fields=["edges"], require_one_slicing_argument=False
)
"""A connection: its ``edges`` are as many as ``first`` says."""

# What is left out is not printed, which its declaration does not tell mypy; one composer refuses null.
SHORT = ListSize(assumed_size=10, require_one_slicing_argument=False)  # type: ignore[call-arg]
"""A link that is a plain list: a handful as a rule, though it may be more."""

COUNTED = Cost(weight=5)
"""A count of all rows of a list, where the rest of it reads a page."""

TOTALLED = Cost(weight=20)
"""Each row of totals, which read all that happened in a time."""

CHANGED = Cost(weight=10)
"""A mutation: a transaction of several statements, and what follows from it."""
