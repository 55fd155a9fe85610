"""A cache of compiled operations."""

from __future__ import annotations

from collections.abc import Hashable

from graphql import DocumentNode, GraphQLSchema
from graphql.execution.values import VariableValues

from hub.executor.compiler import compile_operation, condition_variables
from hub.executor.plan import Plan, Unsupported
from hub.executor.resolvers import ResolverOf, schema_resolvers
from hub.lru_cache import LruCache

CACHE_SIZE = 256
"""Maximum number of cached plans."""


class Executor:
    """Compiles operations of one schema, and caches the ``cache_size`` most recently used plans."""

    def __init__(
        self, schema: GraphQLSchema, resolver_of: ResolverOf = schema_resolvers, *, cache_size: int = CACHE_SIZE
    ) -> None:
        self._schema, self._resolver_of = schema, resolver_of
        self._conditions: LruCache[tuple[str, ...]] = LruCache(cache_size)
        self._plans: LruCache[Plan | Unsupported] = LruCache(cache_size)

    def plan(
        self, key: Hashable, document: DocumentNode, operation_name: str | None, variables: VariableValues
    ) -> Plan | None:
        """Return the plan of a valid operation, None if it has something that is not compiled.

        ``key`` identifies the document: its text or a hash of it. ``variables`` are coerced.
        """
        names = self._conditions.get(key, lambda: condition_variables(document))
        conditions = _only(variables, names)
        plan = self._plans.get(
            (key, operation_name, *map(conditions.coerced.get, names)),
            lambda: self._compile(document, operation_name, conditions),
        )
        return plan if isinstance(plan, Plan) else None

    def _compile(
        self, document: DocumentNode, operation_name: str | None, conditions: VariableValues
    ) -> Plan | Unsupported:
        try:
            return compile_operation(self._schema, self._resolver_of, document, operation_name, conditions)
        except Unsupported as unsupported:
            return unsupported.with_traceback(None)


def _only(variables: VariableValues, names: tuple[str, ...]) -> VariableValues:
    """Return the variables called ``names``: a plan outlives the request, so it keeps no other values of it."""
    return VariableValues(
        {name: variables.sources[name] for name in names if name in variables.sources},
        {name: variables.coerced[name] for name in names if name in variables.coerced},
    )
