"""The texts of the pages in both languages: for the public and for the console one file a language, one line a text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("texts")
LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}


@cache
def texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language by key, such as ``overview.title``."""
    files = [FOLDER / f"{language}.toml", FOLDER / f"console.{language}.toml"]
    tables = tomllib.loads("\n".join(each.read_text(encoding="utf-8") for each in files))
    return {f"{group}.{name}": text for group, table in tables.items() for name, text in table.items()}
