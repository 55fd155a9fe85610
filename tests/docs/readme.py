"""The README and the pages that continue it, as data: code blocks, and the tables generated from the code.

``python -m tests.docs.readme`` writes those tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic_settings import BaseSettings

from hub.auth.scopes import DEMO_SCOPES, SCOPES, sync_scope
from hub.connectors import registry
from hub.settings import Settings, variable_name

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
OPERATIONS = DOCS / "operations.md"
ACCESS = DOCS / "access.md"
ERRORS = DOCS / "errors.md"
WALK = (README, ACCESS, *(DOCS / f"{name}.md" for name in ("oauth", "exchange", "federation", "connectors")))
"""The pages whose commands are typed one after another, into one shell."""
SETTINGS = DOCS / "settings.md"
PAGES = {"scopes": ACCESS, "settings": SETTINGS, "connectors": SETTINGS, "authorities": OPERATIONS}
"""The page of each table."""

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A block of shell lines, with the outputs (language, text) that are shown after it."""

    text: str
    shown: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """Return every ``sh`` block in order; a ``json`` or ``text`` block shows the output of the one before it."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for language, text in FENCED.findall("".join(page.read_text() for page in WALK)):
        if language == "sh":
            found.append((text, []))
        elif language in {"json", "text"}:
            found[-1][1].append((language, text))
    return [Command(text, tuple(shown)) for text, shown in found]


def named() -> list[str]:
    """Return the commands that are quoted within sentences of any page."""
    pages = [
        README,
        ROOT / "SECURITY.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("hub/connectors/*/README.md"),
    ]
    return sorted({command for page in pages for command in re.findall(r"`hub ([^`]+)`", page.read_text())})


def mentioned() -> list[str]:
    """Return the lines of ``console`` blocks, here and in docs: they install, need more, or do not end."""
    texts = [
        text
        for page in (*WALK, OPERATIONS)
        for language, text in FENCED.findall(page.read_text())
        if language == "console"
    ]
    return sorted({line for text in texts for line in text.splitlines()})


def tables() -> dict[str, str]:
    """Return the content between ``<!-- name -->`` and ``<!-- /name -->``, by name."""
    return {
        "scopes": _table("scope | it lets somebody | demo officer", _scopes()),
        "settings": _table("variable | default | meaning", _settings()),
        "connectors": _table("connector | settings", _connectors()),
        "authorities": _table("system | field | authority | why", _authorities()),
    }


def written(name: str) -> str:
    """Return the current content of a page between these two marks."""
    return PAGES[name].read_text().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def _table(head: str, rows: Iterator[str]) -> str:
    rule = "|".join("---" for _ in head.split("|"))
    return "".join(f"{line}\n" for line in (f"| {head} |", f"|{rule}|", *rows))


def _scopes() -> Iterator[str]:
    sync = sync_scope("<system>")
    for scope in (*SCOPES, sync):
        meaning = scope.meaning_en[0].lower() + scope.meaning_en[1:]
        yield f"| `{scope.name}` | {meaning} | {'yes' if scope.name in DEMO_SCOPES or scope is sync else '–'} |"


def _settings() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        default = "–" if field.default in (None, ()) else f"`{field.default}`"
        yield f"| `{variable_name(Settings, name)}` | {default} | {field.description} |"


def _connectors() -> Iterator[str]:
    for name in registry.discover():
        kind: type[BaseSettings] = registry.load(name).Settings
        variables = ", ".join(f"`{variable_name(kind, field)}`" for field in kind.model_fields)
        yield f"| [{name}](../hub/connectors/{name}/README.md) | {variables} |"


def _authorities() -> Iterator[str]:
    for system, shared in registry.shared_fields(registry.enabled(Settings())):
        yield f"| `{system}` | `{shared.field}` | `{shared.authority.value}` | {shared.why_en} |"


def _write() -> None:
    for name, table in tables().items():
        text, marks = PAGES[name].read_text(), (f"<!-- {name} -->\n", f"<!-- /{name} -->")
        PAGES[name].write_text(text.replace(written(name).join(marks), table.join(marks)))


if __name__ == "__main__":
    _write()
