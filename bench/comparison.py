"""Checks that all contenders give the same answers, before anything is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from bench.cases import MOST_PAGES, Case
from bench.contenders import Contender

_ZEROS = re.compile(r"(T\d\d:\d\d:\d\d)(?:\.(\d*?)0*)?(?=\+|Z)")


async def cursors(client: httpx.AsyncClient, contender: Contender, case: Case) -> list[str | None]:
    """Return the cursors of the first pages of a case, in order, without those of pages that are not full."""
    found: list[str | None] = [None]
    while len(found) < MOST_PAGES:
        info = (await contender.ask(client, case, found[-1]))["complaints"]["pageInfo"]
        if not info["hasNextPage"]:
            return found[:-1] or found
        found.append(info["endCursor"])
    return found


async def compare(contenders: Sequence[Contender], case: Case, pages: Sequence[str | None]) -> None:
    """Raise ``RuntimeError`` with the first difference, unless all answer three pages as the first contender does."""
    first, *others = [each for each in contenders if case.viewer.kind in each.viewers]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for after in (pages[0], pages[len(pages) // 2], pages[-1]):
            expected = comparable(await first.ask(client, case, after))
            for other in others:
                found = comparable(await other.ask(client, case, after))
                for difference in differences(expected, found):
                    raise RuntimeError(f"{other.name} answers {case.name} otherwise than {first.name}: {difference}")


def comparable(data: Any) -> Any:
    """Return an answer's data without what depends on the moment, and with times in one form."""
    if isinstance(data, dict):
        return {name: comparable(value) for name, value in data.items() if name != "lagSeconds"}
    if isinstance(data, list):
        return [comparable(each) for each in data]
    return _ZEROS.sub(_short, data) if isinstance(data, str) else data


def _short(match: re.Match[str]) -> str:
    return f"{match[1]}.{match[2]}" if match[2] else match[1]


def differences(expected: Any, found: Any, path: str = "data") -> Iterator[str]:
    """Yield a sentence for each place where two answers differ; the order of names does not count."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted({*expected, *found}):
            yield from differences(expected.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif expected != found:
        yield f"{path} is {found!r} instead of {expected!r}"
