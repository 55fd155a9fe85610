"""Each text is there in both languages, with the same values, and is used."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import hub.pages
from hub.pages.console.routes import CONSOLE_PAGES
from hub.pages.reader import Reader
from hub.pages.texts import texts
from hub.store.operations.issues import OperatorIssue

FOLDER = Path(hub.pages.__file__).parent
MADE_UP = re.compile(r"(?:kicker|headline|none|note|title|description)$")
"""Keys whose first part is the name of a figure."""


def test_both_languages_have_the_same_texts_and_values() -> None:
    indonesian, english = texts("id"), texts("en")
    assert indonesian.keys() == english.keys()
    values = {
        key: [sorted({*re.findall(r"\{(\w+)\}", each[key])}) for each in (indonesian, english)] for key in english
    }
    assert {key: each for key, each in values.items() if each[0] != each[1]} == {}


def texts_of_acts() -> set[str]:
    """Return the texts of the buttons of the console, of the pages that confirm them, and of their fields."""
    found = set()
    for page in CONSOLE_PAGES:
        for name, act in page.acts.items():
            endings = ("", "_title", "_lead", "_do", "_done")
            found |= {f"{page.texts}.{name}{ending}" for ending in endings}
            found |= {f"{page.texts}.{each.name}{ending}" for each in act.fields for ending in ("", "_hint")}
    return found


def test_every_text_is_used() -> None:
    code = "".join(path.read_text() for path in FOLDER.rglob("*") if path.suffix in {".py", ".html", ".xml"})
    named = {*re.findall(r"\"([a-z_]+\.[\w]+)\"", code), *re.findall(r'"([a-z_]+\.[a-z_]*)(?:\{|" ~)', code)}
    named |= texts_of_acts()
    unused = {
        key
        for key in texts("id")
        if key not in named and not any(key.startswith(each) for each in named if each.endswith((".", "_")))
    }
    assert {key for key in unused if not MADE_UP.search(key)} == set()


def test_a_noun_has_the_form_of_its_number() -> None:
    reader = Reader("en", datetime(2026, 1, 1, tzinfo=UTC))
    counts = [reader.t("console_deliveries.summary", n=number) for number in (1, 1_200)]
    assert counts == ["1 delivery waits for a person.", "1,200 deliveries wait for a person."]
    issue = OperatorIssue(code="QUARANTINE_WAITS", name="OSS", count=1)
    assert issue.text(issue.kind.title, "en") == "1 item of OSS is in quarantine"
    assert issue.text(issue.kind.title, "id") == "1 butir OSS dikarantina"
