"""The page on the architecture agrees with the code: its picture, its folders, and every name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tools import architecture
from tools.architecture import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()

_PATH = re.compile(r"hub/[\w/]+\.(?:py|sql)")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)?")


def test_picture_is_drawn_from_the_code_as_it_is() -> None:
    assert architecture.PICTURE.read_text() == architecture.current(), "run `make architecture`"


def test_each_name_on_the_page_is_defined_in_its_module() -> None:
    names = list(_named(PAGE))
    assert len(names) > 60
    assert [f"{path}: {name}" for path, name in names if name not in _defined(path)] == []


def test_each_module_on_the_page_is_there() -> None:
    paths = set(re.findall(r"`(hub/[\w/.]+)`", PAGE))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("folder", ["hub", "hub/store"])
def test_each_folder_has_its_row(folder: str) -> None:
    (table,) = re.findall(rf"^\| in `{folder}/` \|.*\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.M)
    first = "".join(row.split("|")[1] for row in table.splitlines())
    listed = {name.split("/")[0] for name in re.findall(r"`([\w/.]+)`", first)}
    there = {path.name for path in (ROOT / folder).iterdir()}
    assert {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")} - listed == set()
    assert listed - there == set()


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    assert architecture.reduced({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def test_the_picture_follows_imports_and_has_each_box_once() -> None:
    rows = [["app"], ["store", "sync"], ["errors"]]
    before = architecture.picture(rows, {("app", "store")}, ["store", "sync"])
    after = architecture.picture(rows, {("app", "store"), ("app", "sync")}, ["store", "sync"])
    assert before != after
    assert [after.count(f">{name}</text>") for name in ("app", "store", "sync", "errors")] == [1, 1, 1, 1]


def _named(page: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of each name after a module, in one cell of a table or one paragraph."""
    for part in re.split(r"\||\n\n", page):
        path = ""
        for span in re.findall(r"`([^`]+)`", part):
            if _PATH.fullmatch(span):
                path = span
            elif path and _NAME.fullmatch(span):
                yield path, span


@cache
def _defined(path: str) -> frozenset[str]:
    body = ast.parse((ROOT / path).read_text()).body if Path(path).suffix == ".py" else []
    found = set(_names(body))
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for name in _names(node.body)}
    return frozenset(found)


def _names(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
