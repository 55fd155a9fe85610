"""Creates the folder of a new connector from the template, which is itself a working connector."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path

import hub.connectors
from hub.connectors import registry
from hub.errors import BadSetting
from hub.kinds import kind_names
from hub.schema.graph import PARTS

TEMPLATE = Path(__file__).with_name("template")
TEMPLATE_NAME = "example"
"""The name of the template's system."""

_WELL_FORMED = re.compile(r"[a-z][a-z0-9_]{1,19}")
_RESERVED = frozenset({"hub", "system", "change", "node"})


def check_name(name: str) -> None:
    """Raise ``BadSetting`` if a new connector cannot have this name."""
    if not _WELL_FORMED.fullmatch(name) or keyword.iskeyword(name) or name.endswith("_") or "__" in name:
        raise BadSetting(
            f"A connector cannot be called {name!r}: take 2 to 20 of the letters a to z, digits and single _ between"
            " them, beginning with a letter, and no keyword of Python."
        )
    taken = {*registry.discover(), *kind_names(), *(part.name for part in PARTS), *_RESERVED}
    if name in taken or importlib.util.find_spec(f"{hub.connectors.__name__}.{name}"):
        raise BadSetting(
            f"The name {name} is already used by a connector, a kind or a part of the hub: choose another."
        )


def create_connector(name: str, path: Path) -> Path:
    """Create the folder ``name`` in ``path``; ``BadSetting`` if it exists, or ``path`` does not."""
    check_name(name)
    if not path.is_dir():
        raise BadSetting(f"There is no folder {path}: create it, or name another with --path.")
    folder = path / name
    if folder.exists():
        raise BadSetting(f"{folder} already exists: choose another name, or another folder with --path.")
    for source in sorted(TEMPLATE.rglob("*")):
        if source.suffix in {".py", ".md", ".json", ".toml"}:
            target = folder / rename_in(str(source.relative_to(TEMPLATE)), name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(rename_in(source.read_text(), name))
    return folder


def rename_in(text: str, name: str) -> str:
    """Return ``text`` of the template with ``name`` in place of the template's own, in each spelling."""
    camel = "".join(part.title() for part in name.split("_"))
    field = camel[0].lower() + camel[1:]
    for before, after in (
        (f"{TEMPLATE_NAME}Records", f"{field}Records"),
        (TEMPLATE_NAME.title(), camel),
        (TEMPLATE_NAME.upper(), name.upper()),
        (TEMPLATE_NAME, name),
    ):
        text = text.replace(before, after)
    return text
