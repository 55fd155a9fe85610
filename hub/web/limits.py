"""How large an operation may be, and the checks that need no variables: depth, aliases, directives, tokens."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one operation; each refusal names the limit and what was asked for.

    ``tokens`` are lexical tokens of the document, ``depth`` counts nested fields (introspection is
    not counted), ``aliases`` and ``directives`` are counted in the document, ``page`` is the
    greatest slicing argument, ``cost`` is what ``hub.web.cost.Estimate`` may say, ``errors``
    is how many validation errors are told, ``seconds`` how long the execution may take.
    """

    tokens: int = 2_000
    depth: int = 12
    aliases: int = 30
    directives: int = 50
    page: int = 100
    cost: int = 25_000
    errors: int = 10
    seconds: float = 10.0


def refusal(code: str, sentence: str, limit: int, actual: int, node: Node | None = None) -> GraphQLError:
    """One refusal; ``sentence`` says what is allowed."""
    return GraphQLError(sentence, node, extensions={"code": code, "limit": limit, "actual": actual})


def too_many_tokens(text: str, limit: int) -> GraphQLError | None:
    """The refusal if ``text`` has more tokens than ``limit``.

    Asked only once the parser has given up, because it counts the whole text to say how many there are.
    """
    count = _tokens(text)
    if count <= limit:
        return None
    return refusal("TOO_MANY_TOKENS", f"A document may have {limit} tokens; this has {count}.", limit, count)


def _tokens(text: str) -> int:
    lexer, count = Lexer(Source(text)), 0
    try:
        while lexer.advance().kind is not TokenKind.EOF:
            count += 1
    except GraphQLSyntaxError:
        pass  # What cannot be read ends the count; the parser tells where.
    return count


def oversize(document: DocumentNode, limits: Limits) -> Iterator[GraphQLError]:
    """The refusals of a valid document, whatever its variables will be."""
    deepest = depth(document)
    if deepest > limits.depth:
        sentence = f"Fields may be nested {limits.depth} deep; these are nested {deepest} deep."
        yield refusal("QUERY_TOO_DEEP", sentence, limits.depth, deepest)
    count = _Counter()
    visit(document, count)
    if count.aliases > limits.aliases:
        sentence = f"A document may have {limits.aliases} aliases; this has {count.aliases}."
        yield refusal("TOO_MANY_ALIASES", sentence, limits.aliases, count.aliases)
    if count.directives > limits.directives:
        sentence = f"A document may use {limits.directives} directives; this uses {count.directives}."
        yield refusal("TOO_MANY_DIRECTIVES", sentence, limits.directives, count.directives)


class _Counter(Visitor):
    """Counts aliases and directives as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = self.directives = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.aliases += node.alias is not None

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        self.directives += 1


def depth(document: DocumentNode) -> int:
    """How deep fields are nested in a valid document (so one without fragment cycles).

    Each fragment is measured once, so that fragments that spread each other many times cost nothing.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def below(node: SelectionSetNode | None) -> int:
        return max(map(of, node.selections), default=0) if node else 0

    def of(node: SelectionNode) -> int:
        match node:
            case FragmentSpreadNode():
                name = node.name.value
                if name not in known:
                    known[name] = below(fragments[name].selection_set)
                return known[name]
            case InlineFragmentNode():
                return below(node.selection_set)
            case FieldNode() if not node.name.value.startswith("__"):
                return 1 + below(node.selection_set)
        return 0

    return max(below(d.selection_set) for d in document.definitions if isinstance(d, OperationDefinitionNode))
