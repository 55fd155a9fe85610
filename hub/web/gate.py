"""What a document passes before anything is executed: parsed, validated, held against the limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationType,
    ValidationRule,
    get_operation_ast,
    get_variable_values,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension

from hub.web.cost import Estimate
from hub.web.limits import Limits, oversize, refusal, too_many_tokens
from hub.web.prices import Prices

KEPT = 64
"""Valid documents kept parsed. Clients repeat theirs, and a greedy one must not fill the memory."""


class Refused(Exception):
    """The operation is not executed; ``errors`` say why and carry a code each."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Admitted:
    """An operation that may be executed. ``cost`` is the estimate."""

    text: str
    document: DocumentNode
    kind: OperationType
    cost: int


class Gate:
    """Admits operations to one schema. With ``introspection`` off, nothing tells the schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema, self._limits, self._prices = schema, limits, Prices(schema)
        hidden = () if introspection else (NoSchemaIntrospectionCustomRule, NoServiceRule)
        self._rules = (*specified_rules, *hidden)
        self._document = lru_cache(maxsize=KEPT)(self._read)

    def admit(self, text: str, variables: dict[str, Any], operation_name: str | None) -> Admitted:
        """The operation, or ``Refused``."""
        document = self._document(text)
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise Refused(_no_operation(operation_name))
        limit = self._limits.errors
        given = get_variable_values(
            self._schema, operation.variable_definitions or (), variables, max_errors=limit, hide_suggestions=True
        )
        if isinstance(given, list):
            raise Refused(*(_with_code(error, "BAD_INPUT") for error in given))
        cost = self._cost(Estimate(self._prices, document, given.coerced, operation_name))
        return Admitted(text, document, operation.operation, cost)

    def _read(self, text: str) -> DocumentNode:
        limits = self._limits
        try:
            # A comment is no token, so comments have a limit of their own: the same.
            document = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLSyntaxError as error:
            raise Refused(too_many_tokens(text, limits.tokens) or _with_code(error, "GRAPHQL_PARSE_FAILED")) from None
        errors = validate(self._schema, document, self._rules, max_errors=limits.errors, hide_suggestions=True)
        if errors:
            raise Refused(*(_with_code(error, "GRAPHQL_VALIDATION_FAILED") for error in errors))
        if refusals := list(oversize(document, limits)):
            raise Refused(*refusals)
        return document

    def _cost(self, found: Estimate) -> int:
        largest = self._limits.page
        too_large = [
            refusal("PAGE_TOO_LARGE", f"A page may hold {largest} items; this asks for {size}.", largest, size, node)
            for size, node in found.pages
            if size > largest
        ]
        if too_large:
            raise Refused(*too_large[: self._limits.errors])
        limit = self._limits.cost
        if found.total > limit:
            sentence = f"An operation may cost {limit}; this is estimated at {found.total}. Ask for smaller pages."
            raise Refused(refusal("QUERY_TOO_COMPLEX", sentence, limit, found.total))
        return found.total


class NoServiceRule(ValidationRule):
    """Refuses ``_service``, which tells the whole schema as SDL (Apollo Federation v2, subgraph specification)."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Report the field where it stands on the query root."""
        if node.name.value == "_service" and self.context.get_parent_type() is self.context.schema.query_type:
            self.report_error(GraphQLError("Introspection is off, and with it the field '_service'.", node))


def _with_code(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": code}
    return error


def _no_operation(name: str | None) -> GraphQLError:
    sentence = f"The document has no operation named '{name}'." if name else "Say by operationName which one to run."
    return GraphQLError(sentence, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})


_admitted: ContextVar[Admitted | None] = ContextVar("admitted", default=None)


@contextmanager
def remembered(admitted: Admitted) -> Iterator[None]:
    """While this is open, ``ReadOnce`` knows the document."""
    token = _admitted.set(admitted)
    try:
        yield
    finally:
        _admitted.reset(token)


class ReadOnce(SchemaExtension):
    """Gives Strawberry the document the gate has parsed and validated, which it would else do again.

    A schema works without it; each operation is then read twice.
    """

    def on_parse(self) -> Iterator[None]:
        """Take the document over, if it is the one being executed."""
        admitted, running = _admitted.get(), self.execution_context
        if admitted is not None and running.query == admitted.text:
            running.graphql_document = admitted.document
            running.pre_execution_errors = []
        yield
