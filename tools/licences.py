"""Checks that every package the hub or its demonstration runs on has an accepted licence; ``make licences``.

A licence is read from the package's own metadata: its SPDX expression, else its classifiers, else its licence field.
Tools for development and the npm packages of the outside clients are no part of the hub: they are listed, not refused.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, metadata

from tools.locked import DEVELOPMENT, LOCAL, ROOT, RUN, packages

ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
    "PostgreSQL", "Unlicense",
})  # fmt: skip
ALLOWED_FOR = {name: frozenset({"LGPL-3.0-only"}) for name in ("psycopg", "psycopg-binary", "psycopg-pool")}
"""The hub imports psycopg and leaves it as it is, which the LGPL allows any program."""

CLASSIFIERS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
UNKNOWN = "unknown"


def main() -> int:
    """Check the licences of what the hub runs on; return the exit code."""
    names = {*packages(RUN), *packages(LOCAL)}
    refused = [fault for name in sorted(names) if (fault := fault_of(name, declared(name)))]
    summary("Tools for development", {name: declared(name) for name in packages(DEVELOPMENT) if name not in names})
    summary("npm packages of the outside clients", npm())
    for fault in refused:
        print(fault, file=sys.stderr)
    if refused:
        return 1
    print(f"All {len(names)} packages of {RUN} and {LOCAL} have an accepted licence.")
    return 0


def summary(title: str, licences: dict[str, str]) -> None:
    """Print how many of ``licences`` there are of each, with the packages' names where it is not an accepted one."""
    print(f"{title}, listed only:")
    for licence, count in Counter(licences.values()).most_common():
        names = [name for name, its in licences.items() if its == licence]
        others = "" if fault_of("", licence) is None else f": {listed(names)}"
        print(f"  {count:4} {licence}{others}")


def npm() -> dict[str, str]:
    """Return the npm packages of the outside clients with their licences."""
    lock = json.loads((ROOT / "tests/clients/package-lock.json").read_text())
    entries = {path.rpartition("node_modules/")[2]: entry for path, entry in lock["packages"].items() if path}
    return {name: entry.get("license", UNKNOWN) for name, entry in entries.items()}


def declared(name: str) -> str:
    """Return the licence that the installed package ``name`` declares, as an SPDX expression where possible."""
    try:
        fields = metadata(name)
    except PackageNotFoundError:
        return "not installed"
    if "License-Expression" in fields:
        return fields["License-Expression"]
    classifiers = [
        line.rpartition(" :: ")[2] for line in fields.get_all("Classifier", []) if line.startswith("License ::")
    ]
    field = str(fields.json.get("license", ""))
    # Several classifiers leave open whether one may choose among them: all of them must be accepted.
    return " AND ".join(CLASSIFIERS.get(line, line) for line in classifiers) or CLASSIFIERS.get(field, field) or UNKNOWN


def fault_of(name: str, licence: str) -> str | None:
    """Why package ``name`` is refused, in a sentence; None if it is accepted."""
    allowed = ALLOWED | ALLOWED_FOR.get(name, frozenset())
    if licence in allowed:
        return None
    try:
        if accepted(licence, allowed.__contains__):
            return None
    except ValueError:
        return (
            f"{name}: its licence cannot be read ({' '.join(licence.split())[:80]!r}); allowed are {listed(allowed)}."
        )
    return f"{name}: its licence is {licence}; allowed are {listed(allowed)}."


def listed(names: Iterable[str]) -> str:
    """Return the names, sorted and separated by commas."""
    return ", ".join(sorted(names))


def accepted(expression: str, allowed: Callable[[str], bool]) -> bool:
    """Return whether allowed licences alone satisfy an SPDX expression; ValueError if it is none."""
    tokens = re.findall(r"[()]|[^\s()]+", expression)
    result = _either(tokens, allowed)
    if tokens:
        raise ValueError(f"unexpected {tokens[0]!r}")
    return result


def _either(tokens: list[str], allowed: Callable[[str], bool]) -> bool:
    result = _both(tokens, allowed)
    while tokens[:1] == ["OR"]:
        del tokens[0]
        result = _both(tokens, allowed) or result
    return result


def _both(tokens: list[str], allowed: Callable[[str], bool]) -> bool:
    result = _one(tokens, allowed)
    while tokens[:1] == ["AND"]:
        del tokens[0]
        result = _one(tokens, allowed) and result
    return result


def _one(tokens: list[str], allowed: Callable[[str], bool]) -> bool:
    token = tokens.pop(0) if tokens else ""
    if token == "(":
        result = _either(tokens, allowed)
        if tokens[:1] != [")"]:
            raise ValueError("a parenthesis is not closed")
        del tokens[0]
        return result
    if not re.fullmatch(r"[A-Za-z0-9.+-]+", token):
        raise ValueError(f"unexpected {token!r}")
    if tokens[:1] == ["WITH"]:
        token = " ".join([token, *tokens[:2]])
        del tokens[:2]
    return allowed(token)


if __name__ == "__main__":
    sys.exit(main())
