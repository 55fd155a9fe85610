"""A small schema with everything that a plan must support; its resolvers fail on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema

from hub.executor import Attribute, Batch, FieldResolver
from hub.executor.resolvers import Arguments

SDL = """
interface Thing { id: ID!, name: String, rating: Float, near: Thing }
union Found = Book | Person
enum Mood { HAPPY SAD }
input Range { from: Int = 1, to: Int!, moods: [Mood!] }
type Book implements Thing {
  id: ID!, name: String, rating: Float, near: Thing
  pages: Int!, authors: [Person!]!, shelf: [[Thing]], mood: Mood, next(by: Int = 1): Book, must: Book!
}
type Person implements Thing {
  id: ID!, name: String, rating: Float, near: Thing!
  books(first: Int, range: Range, mood: Mood): [Book], strict: [Book!], boss: Person, moods: [Mood!], age: Int
}
type Query {
  book(id: ID!): Book, books(first: Int = 3): [Book!], person: Person!, thing: Thing
  found(n: Int!): [Found], find: Found!
  number: Int, text: String!
}
type Mutation { rate(n: Int!): Book, hire(name: String): Person! }
"""

ASYNC = {"Book.next", "Person.books", "Query.books", "Query.find", "Thing.near", "Book.near", "Mutation.rate"}
BATCHED = {"Book.authors", "Person.boss", "Person.age"}
ATTRIBUTES = {"Book.pages", "Book.mood", "Person.moods"}


@dataclass
class World:
    """The data of the resolvers: a random value for each field of each object. ``calls`` records the calls."""

    seed: int = 0
    faults: int = 0
    """About this many of 32 values are a fault, a null, or a value that its type refuses."""
    denied: frozenset[str] = frozenset()
    """Fields whose check refuses."""
    calls: list[str] = field(default_factory=list)
    unawaited: int = 0
    """The number of results that were not awaited."""


@dataclass(frozen=True)
class Item:
    """A book or a person; its number determines its attributes."""

    kind: str
    number: int
    world: World

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return value(self.world, self.kind, self.number, name, {})


class Refused(Exception):
    """A check has refused."""


def value(world: World, kind: str, number: int, name: str, arguments: Mapping[str, Any]) -> Any:
    """Return the value of a field of an object, always the same in one world."""
    n = _hash(world.seed, kind, number, name, repr(sorted(arguments.items())))
    if n % 32 < world.faults:
        return _fault(n // 32)
    return _value(world, kind, name, number, n)


def _fault(n: int) -> Any:
    if n % 4 == 0:
        raise ValueError(f"fault {n % 97}")
    return (None, {"no": "value"}, ValueError(f"returned {n % 97}"))[n % 4 - 1]


def _value(world: World, kind: str, name: str, number: int, n: int) -> Any:
    book, person = Item("Book", n % 50, world), Item("Person", n % 50, world)
    either = book if n % 3 else person
    return {
        "id": f"{kind}{number}",
        "name": f"name {n % 10}",
        "text": "text",
        "rating": n % 10 / 2,
        "near": either,
        "thing": either,
        "find": either,
        "found": [book, None, person][: n % 4],
        "pages": n % 1000,
        "number": n % 1000,
        "age": n % 100,
        "authors": [Item("Person", (n + i) % 50, world) for i in range(n % 3)],
        "shelf": [[book, None], None, [person]][: n % 4],
        "mood": ("HAPPY", "SAD")[n % 2],
        "moods": ["HAPPY", "SAD"][: n % 3],
        "boss": person,
        "person": person,
        "hire": person,
        "books": [Item("Book", (n + i) % 50, world) for i in range(n % 4)],
        "strict": [book, None][: n % 3],
    }.get(name, book)


def _hash(*parts: Any) -> int:
    n = 5381
    for letter in repr(parts):
        n = (n * 33 + ord(letter)) % 2**31
    return n


def schema() -> GraphQLSchema:
    """Return the schema; its context is a ``World``."""
    made = build_schema(SDL)
    for type_ in made.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, definition in type_.fields.items():
                definition.resolve = _resolver(type_.name, name)
    for name in ("Thing", "Found"):
        made.type_map[name].resolve_type = lambda item, *_: item.kind  # type: ignore[attr-defined]
    made.type_map["Person"].is_type_of = lambda item, *_: item.kind == "Person"  # type: ignore[attr-defined]
    return made


def _resolver(kind: str, name: str) -> Any:
    place = f"{kind}.{name}"

    def resolve(source: Any, info: GraphQLResolveInfo[World], **arguments: Any) -> Any:
        world: World = info.context
        world.calls.append(place)
        if place in world.denied:
            raise Refused(place)
        if place in ATTRIBUTES:
            return getattr(source, name)
        return value(world, kind, _number(source), name, arguments)

    def resolve_later(source: Any, info: GraphQLResolveInfo[World], **arguments: Any) -> Any:
        return _Later(info.context, lambda: resolve(source, info, **arguments))

    return resolve_later if place in ASYNC else resolve


class _Later:
    """The result of an asynchronous resolver. It is no coroutine, because graphql-core does not await all of them."""

    def __init__(self, world: World, resolve: Callable[[], Any]) -> None:
        self._world, self._resolve = world, resolve
        world.unawaited += 1

    def __await__(self) -> Generator[Any, None, Any]:
        self._world.unawaited -= 1
        yield from asyncio.sleep(0).__await__()
        return self._resolve()


def resolver_of(parent: GraphQLObjectType, name: str, definition: GraphQLField) -> FieldResolver:
    """Return the same values for a plan: some in batches, some as attributes, each after a check."""
    place = f"{parent.name}.{name}"

    def check(world: World) -> None:
        if place in world.denied:
            raise Refused(place)

    if place in ATTRIBUTES:
        return FieldResolver(Attribute(name), check)
    return FieldResolver(Batch(_batch(parent.name, name)) if place in BATCHED else None, check)


def _number(source: Any) -> int:
    """Return the number of an item; 0 for the root, and for a fault in place of an object."""
    return getattr(source, "number", 0)


def _batch(kind: str, name: str) -> Any:
    async def resolve(info: GraphQLResolveInfo[World], sources: Sequence[Any], arguments: Arguments) -> list[Any]:
        world = info.context
        world.calls.append(f"{kind}.{name}")
        return [_or_error(world, kind, _number(source), name, arguments) for source in sources]

    return resolve


def _or_error(world: World, kind: str, number: int, name: str, arguments: Mapping[str, Any]) -> Any:
    try:
        return value(world, kind, number, name, arguments)
    except ValueError as error:
        return error
