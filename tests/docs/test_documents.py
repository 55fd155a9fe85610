"""References between documents exist: decisions, upstream contracts, and links between pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
CONTRACTS = ROOT / "docs" / "upstream-contracts"
SUFFIXES = frozenset({".py", ".md", ".sql", ".graphql", ".toml", ".yml", ".html"})
GENERATED = frozenset({"node_modules", "__pycache__"})

_DECISION = re.compile(r"\bdecisions?\s+(\d+)\b|\bdecisions/(\d+)", re.IGNORECASE)
_SECTION = r"(?<![\w/.-])([a-z]+(?:-[a-z]+)*)#([a-z]+(?:-[a-z]+)*)"
_CONTRACT = re.compile(rf"\bcontracts?\s+({_SECTION}(?:(?:,|\s+and)\s+{_SECTION})*)", re.IGNORECASE)
_LETTERED = re.compile(r"\b[Cc]ontracts? [A-L](?:\.\d+)?\b|\([A-L]\.\d(?:,|\)| to )")
_STATUS = re.compile(r"Status: (proposed|accepted|superseded by \d{4})\. Date: (\d{4}-\d\d-\d\d)\.")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_QUOTED = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)`")
_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
FOREIGN_PAGES = ("CHANGELOG.md", "renamed-names.md", "profiles.md", "upstream-contracts", "connectors")
"""Pages, and folders of pages, that also quote names of other systems, of standards, or of the past."""
FOREIGN_NAMES = frozenset(
    {
        "CREATEDB",
        "LISTEN",
        "pg_total_relation_size",
        "FORWARDED_ALLOW_IPS",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_TRACES_SAMPLER",
        "baggage",
        "ADDRESS",
        "run_info",
        "proposed",
        "server_name",
        "NNNN_name",
        "vNNNN_name",
        "test_parking",
        "hub_",
        "SUBREQUEST_HTTP_ERROR",
        "RESPONSE_VALIDATION_FAILED",
        "GATEWAY_TIMEOUT",
        "DOWNSTREAM_SERVICE_ERROR",
        "serviceName",
    }
)
"""Names of PostgreSQL, uvicorn, nginx, OpenTelemetry and gateways, and those that a page defines itself."""


@cache
def texts() -> Sequence[tuple[Path, str]]:
    """Return the files that may refer to a document, with their text."""
    found = [
        *ROOT.glob("*.md"),
        *(path for top in ("hub", "docs", "tests", "bench") for path in (ROOT / top).rglob("*")),
    ]
    return [
        (path.relative_to(ROOT), path.read_text())
        for path in found
        if path.suffix in SUFFIXES and path != Path(__file__) and not GENERATED & set(path.parts)
    ]


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_reference_to_a_decision_names_a_decision() -> None:
    known = {path.name[:4] for path in DECISIONS.glob("[0-9]*.md")}
    named = [(path, number) for path, text in texts() for pair in _DECISION.findall(text) for number in pair if number]
    assert named
    assert [each for each in named if each[1] not in known] == []


def test_each_decision_has_a_status_a_date_and_an_index_row() -> None:
    index = (DECISIONS / "README.md").read_text()
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        title, _, status = path.read_text().split("\n")[:3]
        match = _STATUS.match(status)
        assert match, f"{path.name}: {status}"
        number, name = title.removeprefix("# ").split(". ", 1)
        assert number == path.name[:4]
        assert f"| [{number}]({path.name}) | {name} | {match[1]} | {match[2]} |" in index


def test_each_link_between_pages_leads_to_a_page_and_a_heading() -> None:
    broken = []
    for path, text in texts():
        if path.suffix != ".md":
            continue
        for link in _LINK.findall(text):
            name, _, anchor = link.partition("#")
            page = (ROOT / path).parent / name if name else ROOT / path
            if re.match(r"[a-z]+:", link):
                continue
            if not page.exists() or (anchor and anchor not in anchors(page.read_text())):
                broken.append(f"{path}: {link}")
    assert broken == []


def test_each_reference_to_an_upstream_contract_names_a_section() -> None:
    sections = {path.stem: anchors(path.read_text()) for path in CONTRACTS.glob("*.md") if path.name != "README.md"}
    named = [(path, *found) for path, text in texts() for found in _sections_named(text, sections)]
    assert len(named) > 50
    assert [each for each in named if each[2] not in sections.get(each[1], ())] == []


def test_no_contract_reference_uses_the_old_form() -> None:
    assert [path for path, text in texts() if _LETTERED.search(text)] == []


def test_the_index_of_upstream_contracts_has_each_section() -> None:
    index = (CONTRACTS / "README.md").read_text()
    for path in CONTRACTS.glob("*.md"):
        titles = re.findall(r"^## (.+)$", path.read_text(), re.M) if path.name != "README.md" else []
        assert [title for title in titles if f"[{title}]({path.name}#" not in index] == [], path.name


def _sections_named(text: str, pages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield page and section of each reference: those after the word "contract", and any with the name of a page."""
    for found in _CONTRACT.finditer(text):
        yield from re.findall(_SECTION, found[1])
    yield from re.findall(rf"(?<![\w/.-])({'|'.join(pages)})#([a-z]+(?:-[a-z]+)*)", text)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_commands_and_paths_of_contributor_pages_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", text)) - targets == set()
    paths = set(re.findall(r"[` ]((?:hub|tests|docs|deploy|bench)/[\w/.-]*[\w/])", text))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@cache
def names_in_code() -> frozenset[str]:
    """Return every name in the code, the schema and the migrations."""
    code = [text for path, text in texts() if path.suffix != ".md" and path.parts[0] != "tests"]
    around = ("Makefile", "pyproject.toml", "*.yml", "deploy/*.*", "hub/**/*.js", "docs/*.json")
    code += [path.read_text() for pattern in around for path in ROOT.glob(pattern)]
    code += [path.stem for path, _ in texts()]
    return frozenset(name for text in code for name in re.findall(r"[A-Za-z_]\w*", text))


@pytest.mark.parametrize(
    "path", [path for path, _ in texts() if path.suffix == ".md" and path.parts[0] != "tests"], ids=str
)
def test_each_name_in_a_page_exists_in_the_code(path: Path) -> None:
    """Settings are left out: tests/docs/test_readme.py compares their tables with the code."""
    if any(foreign in path.parts for foreign in FOREIGN_PAGES):
        return
    quoted = _QUOTED.findall(_FENCED.sub("", (ROOT / path).read_text()))
    names = {part.removesuffix("_total") for name in quoted if not name.startswith("HUB_") for part in name.split(".")}
    assert names - names_in_code() - FOREIGN_NAMES - {"md", "py", "mjs"} == set()
