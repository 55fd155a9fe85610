"""The limits of an operation, and the checks that need no variables: depth, aliases, directives, tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Lexer,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    Visitor,
    visit,
)
from graphql.language import DirectiveNode, SelectionNode

from hub.messages import Bilingual
from hub.web.concurrency_limiter import MAX_OPERATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one operation; errors contain the limit and the actual value.

    ``characters``, ``tokens``, ``aliases``, ``directives``: of the document.
    ``depth``: nested fields, without introspection.
    ``page``: the greatest slicing argument.
    ``values``: values of an input list, except those of ``hub.api.graphql.list_sizes.SELF_LIMITED``.
    ``cost``: the estimate of ``hub.api.graphql.cost.CostEstimate``.
    ``concurrent_operations``, ``concurrent_cost``: how many are executed at the same time, and their total cost.
    ``errors``: validation errors in a response.
    ``seconds``: the duration of the execution.
    """

    characters: int = 50_000
    tokens: int = 2_000
    depth: int = 12
    aliases: int = 30
    directives: int = 50
    page: int = 100
    values: int = 100
    cost: int = 25_000
    concurrent_operations: int = MAX_OPERATIONS
    concurrent_cost: int = 60_000
    errors: int = 10
    seconds: float = 10.0


def limit_error(code: str, sentence: Bilingual, limit: int, actual: int, node: Node | None = None) -> GraphQLError:
    """Return the error for an exceeded limit; ``sentence`` states what is allowed."""
    return GraphQLError(sentence, node, extensions={"code": code, "limit": limit, "actual": actual})


def token_limit_error(text: str, limit: int) -> GraphQLError | None:
    """Return the error if ``text`` has more tokens than ``limit``; None otherwise.

    Called only after the parser failed, because it counts the tokens, up to twice the limit, for the message.
    """
    count, most = _count_tokens(text, 2 * limit), 2 * limit
    if count <= limit:
        return None
    has = f"{count} or more" if count == most else str(count)
    return limit_error(
        "TOO_MANY_TOKENS",
        Bilingual(
            f"A document may have {limit} tokens; this has {has}.",
            f"Satu dokumen paling banyak {limit} token; yang ini {has.replace('or more', 'atau lebih')}.",
        ),
        limit,
        count,
    )


def _count_tokens(text: str, most: int) -> int:
    lexer, count = Lexer(Source(text)), 0
    try:
        while count < most and lexer.advance().kind is not TokenKind.EOF:
            count += 1
    except GraphQLSyntaxError:
        pass  # A syntax error ends the count; the parser reports its location.
    return count


def exceeded_limits(document: DocumentNode, limits: Limits) -> Iterator[GraphQLError]:
    """Yield an error for each limit that a valid document exceeds, regardless of its variables."""
    deepest = depth(document)
    if deepest > limits.depth:
        sentence = Bilingual(
            f"Fields may be nested {limits.depth} deep; these are nested {deepest} deep.",
            f"Field boleh bersarang paling dalam {limits.depth}; yang ini {deepest}.",
        )
        yield limit_error("QUERY_TOO_DEEP", sentence, limits.depth, deepest)
    count = _Counter()
    visit(document, count)
    if count.aliases > limits.aliases:
        sentence = Bilingual(
            f"A document may have {limits.aliases} aliases; this has {count.aliases}.",
            f"Satu dokumen paling banyak {limits.aliases} alias; yang ini {count.aliases}.",
        )
        yield limit_error("TOO_MANY_ALIASES", sentence, limits.aliases, count.aliases)
    if count.directives > limits.directives:
        sentence = Bilingual(
            f"A document may use {limits.directives} directives; this uses {count.directives}.",
            f"Satu dokumen paling banyak {limits.directives} direktif; yang ini {count.directives}.",
        )
        yield limit_error("TOO_MANY_DIRECTIVES", sentence, limits.directives, count.directives)


class _Counter(Visitor):
    """Counts the aliases and directives of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = self.directives = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.aliases += node.alias is not None

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        self.directives += 1


def depth(document: DocumentNode) -> int:
    """Return the depth of nested fields in a valid document (without fragment cycles).

    The depth of each fragment is cached, so repeated spreads are cheap.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def set_depth(node: SelectionSetNode | None) -> int:
        return max(map(selection_depth, node.selections), default=0) if node else 0

    def selection_depth(node: SelectionNode) -> int:
        match node:
            case FragmentSpreadNode():
                name = node.name.value
                if name not in known:
                    known[name] = set_depth(fragments[name].selection_set)
                return known[name]
            case InlineFragmentNode():
                return set_depth(node.selection_set)
            case FieldNode() if not node.name.value.startswith("__"):
                return 1 + set_depth(node.selection_set)
        return 0

    return max(set_depth(d.selection_set) for d in document.definitions if isinstance(d, OperationDefinitionNode))
