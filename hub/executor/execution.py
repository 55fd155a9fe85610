"""Runs a plan breadth-first: each field once for all objects of its level, then the fields below it.

A field whose values have to be awaited runs concurrently with its siblings, so that their batches are sent together;
the fields below it start when its values are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLResolveInfo
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers

from hub.concurrency import gather_all
from hub.executor.completion import Completion, Level
from hub.executor.errors import Errors
from hub.executor.plan import FieldPlan, LeafShape, Plan
from hub.executor.positions import FieldPositions
from hub.executor.resolvers import Values
from hub.executor.values import ValueResolver

Work = Coroutine[Any, Any, None]


async def execute(plan: Plan, context: Any, variables: VariableValues, root: Any = None) -> ExecutionResult:
    """Execute an operation, whose ``variables`` are coerced, and return its result."""
    return await _Execution(plan, context, variables, root).run()


class _Execution:
    def __init__(self, plan: Plan, context: Any, variables: VariableValues, root: Any) -> None:
        self._plan, self._context, self._variables, self._root = plan, context, variables, root
        self._errors = Errors()
        self._infos: dict[FieldPlan, GraphQLResolveInfo[Any]] = {}
        self._resolver = ValueResolver(context, variables, self._info_of)

    async def run(self) -> ExecutionResult:
        data = self._plan.root.template.copy()
        level = Level(self._plan.root, [self._root], [data])
        if self._plan.serial:
            for field in level.plan.fields:
                await _all(self._run_field(field, level))
        else:
            await _all(self._run_level(level))
        errors, is_null = self._errors.settle()
        return ExecutionResult(None if is_null else data, errors or None)

    def _run_level(self, level: Level) -> list[Work]:
        """Execute the fields of ``level``; return the work that has to be awaited."""
        return [work for field in level.plan.fields for work in self._run_field(field, level)]

    def _run_field(self, field: FieldPlan, level: Level) -> list[Work]:
        values = self._resolver.resolve(field, level.sources)
        if isinstance(values, list):
            return self._fill(field, values, level)
        return [self._fill_later(field, values, level)]

    async def _fill_later(self, field: FieldPlan, values: Awaitable[Values], level: Level) -> None:
        await _all(self._fill(field, await values, level))

    def _fill(self, field: FieldPlan, values: Values, level: Level) -> list[Work]:
        """Complete ``values``, put them into the objects of the answer, and execute the fields below them."""
        shape, key = field.shape, field.key
        completed = shape.serialized(values) if isinstance(shape, LeafShape) else None
        levels: Sequence[Level] = ()
        if completed is None:
            positions = FieldPositions(level.parent, level.owners, level.outputs, key, shape.nullable)
            completion = Completion(field, self._errors, self._info_of)
            completed, levels = completion.complete(shape, values, positions), completion.levels
        for output, value in zip(level.outputs, completed, strict=True):
            output[key] = value
        return [work for below in levels for work in self._run_level(below)]

    def _info_of(self, field: FieldPlan) -> GraphQLResolveInfo[Any]:
        """Return the argument ``info`` of resolvers, one for all objects of a level."""
        if field not in self._infos:
            self._infos[field] = GraphQLResolveInfo(
                field_name=field.name,
                field_nodes=field.nodes,
                return_type=field.definition.type,
                parent_type=field.parent,
                path=field.path,
                schema=self._plan.schema,
                fragments=self._plan.fragments,
                root_value=self._root,
                operation=self._plan.operation,
                variable_values=self._variables,
                context=self._context,
                is_awaitable=is_awaitable,
                abort_signal=None,
                async_helpers=_HELPERS,
            )
        return self._infos[field]


async def _all(pending: Sequence[Work]) -> None:
    """Await everything; if one fails, cancel the others."""
    if len(pending) == 1:
        await pending[0]
    elif pending:
        await gather_all(pending)


async def _gather(values: Sequence[Awaitable[Any]]) -> list[Any]:
    return list(await asyncio.gather(*values))


_HELPERS = GraphQLResolveInfoHelpers(gather=_gather, track=lambda _: None)
