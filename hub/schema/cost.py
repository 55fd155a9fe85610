"""The cost directives of fields: ``@cost`` and ``@listSize`` (Apollo Federation 2.9).

The hub's own estimate (``hub.api.graphql.cost``) reads the same directives, so it agrees with a router's. Without a
weight, an object costs 1 and a scalar 0.
"""

from __future__ import annotations

from strawberry.federation.schema_directives import Cost, ListSize

DEFAULT_PAGE_SIZE = 20
"""Number of rows of a page without ``first`` and ``last``."""

CONNECTION_SIZE = ListSize(
    assumed_size=DEFAULT_PAGE_SIZE,
    slicing_arguments=["first", "last"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
"""A connection: ``first`` or ``last`` sets the length of ``edges`` and ``nodes``."""

# Omitted arguments are not printed; mypy requires them, but one composer rejects null.
SHORT_LIST_SIZE = ListSize(assumed_size=10, require_one_slicing_argument=False)  # type: ignore[call-arg]
"""A link that is a plain list, which usually has few rows."""

FEED_SIZE = ListSize(
    assumed_size=DEFAULT_PAGE_SIZE,
    slicing_arguments=["first"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
"""The feed, which has only ``first``."""

HISTORY_SIZE = ListSize(assumed_size=DEFAULT_PAGE_SIZE, slicing_arguments=["first"], require_one_slicing_argument=False)  # type: ignore[call-arg]
"""A plain list with the argument ``first``."""

SAMPLES_SIZE = ListSize(assumed_size=288, require_one_slicing_argument=False)  # type: ignore[call-arg]
"""The samples of a day, one each five minutes."""

COUNT_COST = Cost(weight=5)
"""A count of all rows of a list."""

AGGREGATE_COST = Cost(weight=20)
"""A group of an aggregate, which reads all rows of a period."""

MUTATION_COST = Cost(weight=10)
"""A mutation: a transaction with several statements, and the work that it causes."""
