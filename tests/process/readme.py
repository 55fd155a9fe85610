"""The README and the pages that go on with it, as data: fenced blocks, and the tables that are made from the code.

``python -m tests.process.readme`` writes those tables anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic_settings import BaseSettings

from hub.auth.scopes import DEMO, SCOPES
from hub.connectors import registry
from hub.settings import Settings, variable

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
WALK = (README, ROOT / "docs" / "exchange.md", ROOT / "docs" / "federation.md")
"""The pages whose commands are typed one after another, into one shell."""
SETTINGS = ROOT / "docs" / "settings.md"
PAGES = {"scopes": README, "settings": SETTINGS, "connectors": SETTINGS, "authorities": OPERATIONS}
"""Where each table is."""

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A block of shell lines, with the outputs (language, text) that are shown after it."""

    text: str
    shown: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """Every ``sh`` block in order; a ``json`` or ``text`` block shows the output of the one before it."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for language, text in FENCED.findall("".join(page.read_text() for page in WALK)):
        if language == "sh":
            found.append((text, []))
        elif language in {"json", "text"}:
            found[-1][1].append((language, text))
    return [Command(text, tuple(shown)) for text, shown in found]


def named() -> list[str]:
    """What stands for a command within a sentence of any page."""
    pages = [README, *ROOT.glob("docs/**/*.md"), *ROOT.glob("hub/connectors/*/README.md")]
    return sorted({told for page in pages for told in re.findall(r"`hub ([^`]+)`", page.read_text())})


def mentioned() -> list[str]:
    """Lines of ``console`` blocks, here and in docs: they install, need more, or do not end."""
    texts = [
        text
        for page in (*WALK, OPERATIONS)
        for language, text in FENCED.findall(page.read_text())
        if language == "console"
    ]
    return sorted({line for text in texts for line in text.splitlines()})


def tables() -> dict[str, str]:
    """What belongs between ``<!-- name -->`` and ``<!-- /name -->``, by name."""
    return {
        "scopes": _table("scope | it lets somebody | demo officer", _scopes()),
        "settings": _table("variable | default | meaning", _settings()),
        "connectors": _table("connector | settings", _connectors()),
        "authorities": _table("system | field | who has the say | why", _authorities()),
    }


def written(name: str) -> str:
    """What its page has between those two marks."""
    return PAGES[name].read_text().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def _table(head: str, rows: Iterator[str]) -> str:
    rule = "|".join("---" for _ in head.split("|"))
    return "".join(f"{line}\n" for line in (f"| {head} |", f"|{rule}|", *rows))


def _scopes() -> Iterator[str]:
    for scope in SCOPES:
        meaning = scope.meaning_en[0].lower() + scope.meaning_en[1:]
        yield f"| `{scope.name}` | {meaning} | {'yes' if scope.name in DEMO else '–'} |"


def _settings() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        default = "–" if field.default in (None, ()) else f"`{field.default}`"
        yield f"| `{variable(Settings, name)}` | {default} | {field.description} |"


def _connectors() -> Iterator[str]:
    for name in registry.found():
        kind: type[BaseSettings] = registry.load(name).Settings
        variables = ", ".join(f"`{variable(kind, field)}`" for field in kind.model_fields)
        yield f"| [{name}](../hub/connectors/{name}/README.md) | {variables} |"


def _authorities() -> Iterator[str]:
    for system, shared in registry.shared(Settings()):
        yield f"| `{system}` | `{shared.field}` | `{shared.authority.value}` | {shared.why_en} |"


def _write() -> None:
    for name, table in tables().items():
        text, marks = PAGES[name].read_text(), (f"<!-- {name} -->\n", f"<!-- /{name} -->")
        PAGES[name].write_text(text.replace(written(name).join(marks), table.join(marks)))


if __name__ == "__main__":
    _write()
