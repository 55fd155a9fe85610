"""Compiled statements: values are bound as parameters, and no value of a call remains in the next one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Numeric,
    Select,
    String,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
)

from hub.store.arrays import any_of
from hub.store.database import Database, execute
from hub.store.queries.compiled import Inputs, Statements, fetch
from hub.store.queries.entity import one_of

TEXT, NUMBER, TIME = column("text", String), column("number", Numeric), column("time", DateTime(timezone=True))


class Counting:
    """Builds a statement and counts the builds."""

    def __init__(self, build: Any) -> None:
        self._build = build
        self.built = 0

    def __call__(self, inputs: Inputs) -> Select[Any]:
        self.built += 1
        return select(TEXT).where(self._build(inputs))


def _values(statements: Statements, build: Any, **inputs: Any) -> list[Any]:
    statement = statements.get("name", inputs, build)
    return list(statement.parameters(inputs).values())


AMOUNT, AT = Decimal("1.50"), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("build", "one", "other", "expected"),
    [
        (lambda given: literal(given["x"]) == TEXT, "a", "b", ["b"]),
        (lambda given: literal(given["x"]) == NUMBER, 1, 2**40, [2**40]),
        (lambda given: literal(given["x"]) == NUMBER, AMOUNT, Decimal(7), [Decimal(7)]),
        (lambda given: literal(given["x"]) == TIME, AT, AT.replace(year=2030), [AT.replace(year=2030)]),
        (lambda given: any_of(TEXT, given["x"]), ("a", "b"), ("c", "d", "e"), [["c", "d", "e"]]),
        (lambda given: one_of(TEXT)(given["x"]), ("a",), ("b",), ["b"]),
    ],
)
def test_an_input_is_a_parameter_of_one_statement(build: Any, one: Any, other: Any, expected: list[Any]) -> None:
    statements, counting = Statements(), Counting(build)
    _values(statements, counting, x=one)
    built = counting.built
    assert _values(statements, counting, x=other) == expected
    assert counting.built == built


@pytest.mark.parametrize(
    "build",
    [
        lambda given: literal(given["x"].strip()) == TEXT,
        lambda given: literal(given["x"].upper()) == TEXT,
        lambda given: literal(given["x"].replace("-", " ")) == TEXT,
        lambda given: literal(f"%{given['x']}%") == TEXT,
        lambda given: literal_column(repr(given["x"])) == TEXT,
        lambda given: literal(given["x"]) == TEXT if given["x"].isdigit() else true(),
        lambda given: any_of(TEXT, [given["x"], "fixed"]),
        lambda given: (literal(given["x"]) == TEXT) | (literal(given["x"].strip()) == TEXT),
    ],
)
def test_an_input_that_is_changed_is_compiled_by_its_value(build: Any) -> None:
    for value in ("a", " b-c ", "12"):
        statements = Statements()
        for before in ("zz", "7", " - "):
            statements.get("name", {"x": before}, Counting(build))
        found = statements.get("name", {"x": value}, Counting(build))
        alone = Statements().get("name", {"x": value}, Counting(build))
        assert found.text == alone.text
        assert found.parameters({"x": value}) == alone.parameters({"x": value})


def test_only_the_changed_input_is_compiled_by_its_value() -> None:
    statements = Statements()
    counting = Counting(lambda given: (literal(given["x"].strip()) == TEXT) & (literal(given["y"]) == TEXT))
    assert _values(statements, counting, x=" a ", y="1") == ["a", "1"]
    built = counting.built
    assert _values(statements, counting, x=" a ", y="2") == ["a", "2"]
    assert counting.built == built
    assert _values(statements, counting, x=" b ", y="2") == ["b", "2"]


def test_an_unused_input_makes_no_statement_of_its_own() -> None:
    statements, counting = Statements(), Counting(lambda given: literal(given["x"]) == TEXT)
    _values(statements, counting, x="a", unused="1")
    built = counting.built
    assert _values(statements, counting, x="b", unused="2") == ["b"]
    assert counting.built == built


def test_shapes_have_statements_of_their_own() -> None:
    statements = Statements()
    assert _values(statements, Counting(lambda given: one_of(TEXT)(given["x"])), x=("a",)) == ["a"]
    assert _values(statements, Counting(lambda given: one_of(TEXT)(given["x"])), x=("a", "b")) == [["a", "b"]]
    assert _values(statements, Counting(lambda given: one_of(TEXT)(given["x"])), x=()) == [[]]
    chosen = Counting(lambda given: literal(1) == NUMBER if given["x"] else literal(0) == NUMBER)
    assert _values(statements, chosen, x=True) == [1]
    assert _values(statements, chosen, x=False) == [0]


def test_the_statements_used_last_are_kept() -> None:
    statements, counting = Statements(size=2), Counting(lambda given: literal(given["x"]) == TEXT)
    for name in ("a", "b", "a", "c"):
        statements.get(name, {"x": "1"}, counting)
    built = counting.built
    statements.get("a", {"x": "1"}, counting)
    assert counting.built == built
    statements.get("b", {"x": "1"}, counting)
    assert counting.built > built


CONSTANTS, NAMES = ("it's 100 %", "a%%(x)s", "\\\\"), ["x", 'y"%s']


async def test_constants_in_the_text_have_the_same_value(empty_database_url: str) -> None:
    def build(inputs: Inputs) -> Select[Any]:
        texts: Any = map(literal, CONSTANTS)
        return select(*texts, cast(literal(NAMES, ARRAY(String)), ARRAY(String)), literal(inputs["x"]))

    database, statements = Database(empty_database_url), Statements()
    async with database.read() as db:
        for in_text in (False, True):
            statement = statements.get(in_text, {"x": "a"}, build, constants_in_text=in_text)
            assert len(statement.parameters({"x": "b"})) == (1 if in_text else 2 + len(CONSTANTS))
            parameters = statement.parameters({"x": "b"})
            (row,) = await execute(db, statement.text, parameters)
            assert tuple(row.values()) == (*CONSTANTS, NAMES, "b")
            values = [parameters[name] for name in statement.order]
            assert await execute(db, statement.text, values, statement.numbered) == [row]
    await database.close()


async def test_lists_arrive_as_they_are(empty_database_url: str) -> None:
    def build(inputs: Inputs) -> Select[Any]:
        array = ARRAY(BigInteger if isinstance(inputs["x"][0], int) else String)
        return select(func.unnest(cast(literal(list(inputs["x"]), array), array)).label("value"))

    database = Database(empty_database_url)
    async with database.read() as db:
        for values in (("a", "b"), ("", "NULL"), ("{,}", " "), ('"', "b"), ('a","b', "c"), ("\\", "b"), (-1, 2**60)):
            rows = await fetch(db, ("lists", type(values[0])), {"x": values}, build)
            assert [row["value"] for row in rows] == list(values)
    await database.close()


def test_constants_of_expressions_are_in_the_text() -> None:
    # SQLAlchemy names a parameter after what it is compared with.
    def build(inputs: Inputs) -> Select[Any]:
        return select(TEXT).where(literal_column("(body ->> 'merchant')", String) == "BUS")

    statement = Statements().get("name", {}, build, constants_in_text=True)
    assert statement.parameters({}) == {}
    assert "%(" not in statement.text
    assert "'BUS'" in statement.text


def test_inputs_are_never_in_the_text() -> None:
    def build(inputs: Inputs) -> Select[Any]:
        return select(TEXT).where(inputs["x"].upper() == TEXT, NUMBER == 1)

    for value in ("secret", "other"):
        statement = Statements().get("name", {"x": value}, build, constants_in_text=True)
        assert value.upper() not in statement.text
        assert value.upper() in statement.parameters({"x": value}).values()
