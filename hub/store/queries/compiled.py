"""A cache of compiled SQL: a statement is compiled once for the shape of its inputs, which become its parameters.

SQLAlchemy builds and compiles a statement for each call, which costs more than running it. Here the function that
builds it is called twice with probes in place of its inputs: values of the same types that no caller has. A bound
parameter that is the same in both statements is a constant; one that is the probe of an input is that input. If the two
statements differ in any other way, an input affects the text of the statement, or is changed before it is bound; its
value then becomes part of the key of the cache. So whatever the function does with its inputs, no statement is ever run
with the values of another call.

Constants can be written into the text. PostgreSQL then plans the statement once and for all parameters. If it does not
know the constants, it estimates that plans for the values of each call are cheaper, and makes one for each call, which
takes longer than to execute it where a statement reads records, with their partitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg import sql
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.lru_cache import LruCache
from hub.store import database
from hub.viewer import Viewer

Inputs = Mapping[str, Any]
Build = Callable[[Inputs], ClauseElement]

CACHE_SIZE = 512
"""Maximum number of cached statements."""

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter that is the input ``name``, or the ``first`` of its values."""

    name: str
    first: bool
    process: Callable[[Any], Any] | None = field(compare=False)

    def value(self, inputs: Inputs) -> Any:
        value = inputs[self.name]
        if isinstance(value, tuple):
            value = value[0] if self.first else list(value)
        return self.process(value) if self.process else value


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as text, with its constant parameters and those that are inputs."""

    text: str
    fixed: Mapping[str, Any]
    changing: Mapping[str, _Parameter]
    numbered: bytes = field(init=False)
    """The text with numbers for parameters, so that the driver need not search it for their names at each call."""
    order: tuple[str, ...] = field(init=False)
    """The names of the parameters, by number."""

    def __post_init__(self) -> None:
        numbers: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            return f"${numbers.setdefault(found[1], len(numbers) + 1)}" if found[1] else "%"

        object.__setattr__(self, "numbered", _PARAMETER_OR_PERCENT.sub(number, self.text).encode())
        object.__setattr__(self, "order", tuple(numbers))

    def parameters(self, inputs: Inputs) -> dict[str, Any]:
        """Return the parameters of a call with ``inputs``."""
        return {**self.fixed, **{name: each.value(inputs) for name, each in self.changing.items()}}

    def with_constants_in_text(self) -> Statement:
        """Return the same statement without constant parameters."""

        def constant(found: re.Match[str]) -> str:
            name = found[1]
            return sql.quote(self.fixed[name]).replace("%", "%%") if name in self.fixed else found[0]

        return replace(self, text=_PARAMETER.sub(constant, self.text), fixed={})


_PARAMETER = re.compile(r"%\(([^)]+)\)s")
_PARAMETER_OR_PERCENT = re.compile(rf"{_PARAMETER.pattern}|%%")


class Statements:
    """A cache of the ``size`` most recently used statements."""

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self._statements: LruCache[Statement] = LruCache(size)
        self._by_value: LruCache[frozenset[str]] = LruCache(size)

    def get(self, name: Hashable, inputs: Inputs, build: Build, *, constants_in_text: bool = False) -> Statement:
        """Return the statement that ``build`` makes of such inputs: single values, or tuples of values of one type.

        ``name`` identifies everything else that affects the statement. Inputs are in no text, even if a statement is
        made for their values.
        """

        def finished(statement: Statement, by_value: frozenset[str]) -> Statement:
            return statement.with_constants_in_text() if constants_in_text and not by_value else statement

        shape = (name, *((each, _shape(value)) for each, value in inputs.items()))
        if shape not in self._by_value:
            by_value, statement = _compile_first(inputs, build)
            self._by_value.put(shape, by_value)
            return self._statements.put(_key(shape, inputs, by_value), finished(statement, by_value))
        by_value = self._by_value.get(shape, frozenset)
        return self._statements.get(
            _key(shape, inputs, by_value), lambda: finished(_compile_again(inputs, build, by_value), by_value)
        )


def _key(shape: Hashable, inputs: Inputs, by_value: frozenset[str]) -> Hashable:
    return shape, *(inputs[each] for each in sorted(by_value))


STATEMENTS = Statements()


async def fetch(
    db: AsyncConnection, name: Hashable, inputs: Inputs, build: Build, *, constants_in_text: bool = True
) -> list[dict[str, Any]]:
    """Return the rows of the statement that ``build`` makes of ``inputs``; see ``Statements.get``.

    ``constants_in_text`` is for statements whose best plan is the same for all inputs.
    """
    statement = STATEMENTS.get(name, inputs, build, constants_in_text=constants_in_text)
    parameters = statement.parameters(inputs)
    values = [_array(each) if type(each := parameters[name]) is list else each for name in statement.order]
    return await database.execute(db, statement.text, values, statement.numbered)


def _array(values: list[Any]) -> str | list[Any]:
    """Return numbers, or texts that need no escapes, in PostgreSQL's text form: the driver takes much longer."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        text = '","'.join(values)
        if "\\" not in text and text.count('"') == 2 * (len(values) - 1):
            return f'{{"{text}"}}'
    return values


def _compile_first(inputs: Inputs, build: Build) -> tuple[frozenset[str], Statement]:
    """Return the statement, and the inputs whose values need one of their own: those that are not parameters of it."""
    if statement := _compile(inputs, build, frozenset()):
        return frozenset(), statement
    pair = (_parameters(each) for each in _probed_pair(inputs, build, frozenset()))
    one, other = ({parameter.name for parameter in parameters.values()} for parameters in pair)
    others = frozenset(inputs) - (one & other)
    if statement := _compile(inputs, build, others):
        return others, statement
    return frozenset(inputs), _compile_again(inputs, build, frozenset(inputs))


def _compile_again(inputs: Inputs, build: Build, by_value: frozenset[str]) -> Statement:
    statement = _compile(inputs, build, by_value)
    assert statement is not None, "statements of the same values differ"
    return statement


def _compile(inputs: Inputs, build: Build, by_value: frozenset[str]) -> Statement | None:
    """Return the statement; None if an input outside of ``by_value`` is not bound as it is."""
    one, other = _probed_pair(inputs, build, by_value)
    changing = _parameters(one)
    same = one.text == other.text and changing == _parameters(other)
    fixed = {name: value for name, value in one.values.items() if name not in changing}
    if not same or any(other.values[name] != value for name, value in fixed.items()):
        return None
    return Statement(one.text, {name: one.processed(name, value) for name, value in fixed.items()}, changing)


def _probed_pair(inputs: Inputs, build: Build, by_value: frozenset[str]) -> tuple[_Probed, _Probed]:
    return _Probed(inputs, build, by_value, 1_000_000), _Probed(inputs, build, by_value, 2_000_001)


class _Probed:
    """A statement built with probes instead of its inputs, except those in ``by_value``."""

    def __init__(self, inputs: Inputs, build: Build, by_value: frozenset[str], first: int) -> None:
        numbers = count(first, 2)
        self.probes = {name: value if name in by_value else _probe(value, numbers) for name, value in inputs.items()}
        compiled: Any = build(self.probes).compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.text: str = compiled.string
        self.values: dict[str, Any] = compiled.params
        self.processors: Mapping[str, Callable[[Any], Any]] = compiled._bind_processors
        self.names = {
            id(each): name
            for name, probe in self.probes.items()
            if probe is not inputs[name]
            for each in (probe if isinstance(probe, tuple) else (probe,))
        }

    def processed(self, parameter: str, value: Any) -> Any:
        """Return a value in the form that the driver needs."""
        process = self.processors.get(parameter)
        return value if process is None or value is None else process(value)


def _parameters(probed: _Probed) -> dict[str, _Parameter]:
    """Return the bound parameters that are inputs."""
    parameters = {}
    for parameter, value in probed.values.items():
        several = isinstance(value, list | tuple) and bool(value)
        name = probed.names.get(id(value[0] if several else value))
        if name is not None and _is(value, probed.probes[name]):
            parameters[parameter] = _Parameter(name, not several, probed.processors.get(parameter))
    return parameters


def _is(value: Any, probe: Any) -> bool:
    """Return whether a bound value is the probe, or its first value."""
    if isinstance(value, list | tuple):
        return isinstance(probe, tuple) and [id(each) for each in value] == [id(each) for each in probe]
    return value is (probe[0] if isinstance(probe, tuple) else probe)


def _shape(value: Any) -> Hashable:
    """Return what of an input may affect a statement: its type, and whether it has no value, one or several."""
    if isinstance(value, tuple):
        return min(len(value), 2), *(_shape(each) for each in value[:1])
    return type(value) if type(value) in _MAKE else value  # type: ignore[return-value]


_MAKE: Mapping[type, Callable[[int], Any]] = {
    # Digits in one statement, and in the other a text that functions for texts are likely to change.
    str: lambda number: str(number) if number % 2 else f" - 'Probe' -\"{number} %_\\ ",
    datetime: lambda number: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number),
    Decimal: Decimal,
    int: lambda number: 2**62 + number,
}
"""Makes probes of these types; a value of any other type is always part of the key of the cache."""


def _probe(value: Any, numbers: Iterator[int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_probe(each, numbers) for each in value[:2])
    make = _MAKE.get(type(value))
    return make(next(numbers)) if make else value


def kind_of(viewer: Viewer) -> Hashable:
    """Return what a statement depends on in its viewer, besides ``inputs_of``."""
    return viewer.kind, viewer.scopes, viewer.merchants


def inputs_of(viewer: Viewer) -> dict[str, Any]:
    """Return the viewer's values that are parameters of statements."""
    return {"viewer.name": viewer.name, "viewer.agency": viewer.agency, "viewer.ticket": viewer.ticket}


def viewer_with(viewer: Viewer, inputs: Inputs) -> Viewer:
    """Return ``viewer`` with the values from ``inputs``, to build a statement for."""
    return replace(viewer, name=inputs["viewer.name"], agency=inputs["viewer.agency"], ticket=inputs["viewer.ticket"])
