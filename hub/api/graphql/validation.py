"""Parsing, validation and limits of an operation before its execution."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLSyntaxError,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
    get_operation_ast,
    get_variable_values,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from graphql.execution.values import VariableValues
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.extensions import SchemaExtension

from hub.api.graphql.cost import CostEstimate
from hub.api.graphql.cost_directives import FieldCosts
from hub.api.graphql.limits import Limits, exceeded_limits, limit_error, token_limit_error
from hub.api.graphql.list_sizes import SELF_LIMITED, InputList, input_lists
from hub.api.graphql.variable_errors import invalid_values
from hub.lru_cache import LruCache
from hub.messages import Bilingual, in_language
from hub.web.validation_messages import without_values

DOCUMENT_CACHE_SIZE = 64
"""Maximum number of cached valid documents. Clients repeat their operations, and the cache must stay small."""
COST_CACHE_SIZE = 256
"""Maximum number of cached costs: one for each document and numbers among its variables."""
CHARACTERS_PER_COST = 4
"""Characters of a document whose parsing costs as much as one object of a result."""

# The work of the rule OverlappingFieldsCanBeMerged grows with the square of the number of fields. The library's
# bounds allow seconds; these allow a tenth of a second, a hundred times what the example queries need.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000
validation_context.MAX_FRAGMENT_WORK = 10_000
_TOO_DEEP = Bilingual("Variable values are nested too deeply.", "Nilai variabel bersarang terlalu dalam.")
_ABORTED_MESSAGE = "Validation aborted."
_TOO_COMPLEX_TO_VALIDATE = Bilingual(
    "Too many fields have the same name or lie in fragments that are used again; ask for less at a time.",
    "Terlalu banyak field bernama sama atau di dalam fragmen yang dipakai lagi; mintalah lebih sedikit sekaligus.",
)


class OperationRejected(Exception):
    """The operation is not executed; each of ``errors`` has a code."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ValidatedOperation:
    """An operation that may be executed; ``cost`` is the estimate of ``hub.api.graphql.cost``."""

    text: str
    document: DocumentNode
    kind: OperationType
    cost: int
    name: str | None
    variables: VariableValues
    raw_variables: dict[str, Any]


class OperationValidator:
    """Validates operations for one schema. Without ``introspection``, no field returns the schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema, self._limits, self._costs = schema, limits, FieldCosts(schema)
        hidden = () if introspection else (NoSchemaIntrospectionCustomRule, NoServiceRule)
        self._rules = (*specified_rules, *hidden)
        self._documents: LruCache[DocumentNode] = LruCache(DOCUMENT_CACHE_SIZE)
        self._accepted_costs: LruCache[int] = LruCache(COST_CACHE_SIZE)

    def parsing_cost(self, text: str) -> int:
        """Return the cost of parsing a document, valid or not; 0 if it is cached."""
        return 0 if text in self._documents else -(-len(text) // CHARACTERS_PER_COST)

    def validate(self, text: str, variables: dict[str, Any], operation_name: str | None) -> ValidatedOperation:
        """Return the validated operation; raises ``OperationRejected``."""
        document = self._document(text)
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise OperationRejected(_unresolved_operation(operation_name))
        self._check_variables(operation, variables)
        limit = self._limits.errors
        coerced = get_variable_values(
            self._schema, operation.variable_definitions or (), variables, max_errors=limit, hide_suggestions=True
        )
        if isinstance(coerced, list):
            try:
                errors = list(islice(self._wrong_variables(operation, variables), limit))
            except RecursionError:
                errors = []
            raise OperationRejected(*(_with_code(error, "BAD_INPUT") for error in errors or [GraphQLError(_TOO_DEEP)]))
        cost = self._cost(text, document, coerced.coerced, operation_name)
        name = operation.name.value if operation.name else None
        return ValidatedOperation(text, document, operation.operation, cost, name, coerced, variables)

    def _wrong_variables(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Iterator[GraphQLError]:
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            kind = cast(GraphQLInputType, type_from_ast(self._schema, definition.type))
            if name not in variables and (definition.default_value or not isinstance(kind, GraphQLNonNull)):
                continue
            for path, allowed in invalid_values(variables.get(name), kind):
                yield GraphQLError(_invalid_variable(name, path, allowed), definition)

    def _check_variables(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> None:
        """Reject a list that is too long before its values are coerced."""
        for definition in operation.variable_definitions or ():
            kind = type_from_ast(self._schema, definition.type)
            for each in input_lists(cast(GraphQLInputType, kind), variables.get(definition.variable.name.value)):
                self._check_list(each, definition)

    def _check_list(self, values: InputList, node: Node) -> None:
        most = self._limits.values
        if values.size > most and values.type_name not in SELF_LIMITED:
            sentence = Bilingual(
                f"A list may have {most} values; this one has {values.size}.",
                f"Satu daftar paling banyak {most} nilai; yang ini {values.size}.",
            )
            raise OperationRejected(limit_error("BAD_INPUT", sentence, most, values.size, node))

    def _document(self, text: str) -> DocumentNode:
        return self._documents.get(text, lambda: self._parse(text))

    def _parse(self, text: str) -> DocumentNode:
        limits = self._limits
        if len(text) > limits.characters:
            sentence = Bilingual(
                f"A document may have {limits.characters} characters; send longer values as variables.",
                f"Satu dokumen paling banyak {limits.characters} karakter; kirim nilai panjang sebagai variabel.",
            )
            raise OperationRejected(limit_error("DOCUMENT_TOO_LONG", sentence, limits.characters, len(text)))
        try:
            # Comments are not tokens, so they are limited separately, to the same number.
            document = parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
        except GraphQLSyntaxError as error:
            raise OperationRejected(
                token_limit_error(text, limits.tokens) or _with_code(error, "GRAPHQL_PARSE_FAILED")
            ) from None
        errors = validate(self._schema, document, self._rules, max_errors=limits.errors, hide_suggestions=True)
        if errors:
            raise OperationRejected(
                *(_with_code(_replace_aborted(error), "GRAPHQL_VALIDATION_FAILED") for error in errors)
            )
        if refusals := list(exceeded_limits(document, limits)):
            raise OperationRejected(*refusals)
        return document

    def _cost(self, text: str, document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None) -> int:
        def estimated() -> int:
            return self._accepted_cost(CostEstimate(self._costs, document, variables, operation_name))

        values = _values_that_cost(variables)
        return estimated() if values is None else self._accepted_costs.get((text, operation_name, values), estimated)

    def _accepted_cost(self, estimate: CostEstimate) -> int:
        for each, node in estimate.input_lists:
            self._check_list(each, node)
        largest = self._limits.page
        too_large = [
            limit_error("PAGE_TOO_LARGE", _too_large(largest, size), largest, size, node)
            for size, node in estimate.page_sizes
            if size > largest
        ]
        if too_large:
            raise OperationRejected(*too_large[: self._limits.errors])
        limit = self._limits.cost
        if estimate.total > limit:
            sentence = Bilingual(
                f"An operation may cost {limit}; this is estimated at {estimate.total}. Ask for smaller pages.",
                f"Biaya satu operasi paling banyak {limit}; yang ini diperkirakan {estimate.total}."
                " Mintalah halaman yang lebih kecil.",
            )
            raise OperationRejected(limit_error("QUERY_TOO_COMPLEX", sentence, limit, estimate.total))
        return estimate.total


def _values_that_cost(variables: Mapping[str, Any]) -> Hashable:
    """Return what of the variables may affect the cost, which texts do not; None for lists and objects."""
    if any(isinstance(value, list | dict) for value in variables.values()):
        return None
    return tuple((name, str if isinstance(value, str) else value) for name, value in variables.items())


class NoServiceRule(ValidationRule):
    """Rejects ``_service``, which returns the whole schema as SDL (Apollo Federation v2, subgraph specification)."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Report the field if it is selected on the query root."""
        if node.name.value == "_service" and self.context.get_parent_type() is self.context.schema.query_type:
            self.report_error(GraphQLError("Introspection is off, and with it the field '_service'.", node))


def _invalid_variable(variable: str, path: str, allowed: str) -> Bilingual:
    return Bilingual(
        f"Variable '${variable}' has an invalid value{f' at {path}' if path else ''}: {allowed.rstrip('.')}.",
        f"Nilai variabel '${variable}' tidak dapat diterima{f' di {path}' if path else ''}:"
        f" {in_language(allowed, 'id').rstrip('.')}.",
    )


def _too_large(largest: int, size: int) -> Bilingual:
    return Bilingual(
        f"A page may have {largest} items; this asks for {size}.",
        f"Satu halaman paling banyak {largest} baris; ini meminta {size}.",
    )


def _with_code(error: GraphQLError, code: str) -> GraphQLError:
    error.message = without_values(error.message)
    error.extensions = {**(error.extensions or {}), "code": code}
    return error


def _replace_aborted(error: GraphQLError) -> GraphQLError:
    return GraphQLError(_TOO_COMPLEX_TO_VALIDATE) if error.message == _ABORTED_MESSAGE else error


def _unresolved_operation(name: str | None) -> GraphQLError:
    sentence = (
        Bilingual(f"The document has no operation named '{name}'.", f"Dokumen tidak punya operasi bernama '{name}'.")
        if name
        else Bilingual(
            "Name the operation to run in operationName.", "Sebutkan operasi yang dijalankan di operationName."
        )
    )
    return GraphQLError(sentence, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})


_current_operation: ContextVar[ValidatedOperation | None] = ContextVar("current_operation", default=None)


@contextmanager
def use_parsed_document(operation: ValidatedOperation) -> Iterator[None]:
    """Pass the parsed document to ``ReuseParsedDocument`` while the context is open."""
    token = _current_operation.set(operation)
    try:
        yield
    finally:
        _current_operation.reset(token)


class ReuseParsedDocument(SchemaExtension):
    """Strawberry extension that reuses the document that ``OperationValidator`` has parsed and validated.

    It is optional; without it each operation is parsed and validated twice.
    """

    def on_parse(self) -> Iterator[None]:
        """Use the parsed document if it is the one being executed."""
        operation, running = _current_operation.get(), self.execution_context
        if operation is not None and running.query == operation.text:
            running.graphql_document = operation.document
            running.pre_execution_errors = []
        yield
