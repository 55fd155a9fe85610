"""The README is true: every command in it runs against a hub as ``make run`` starts it, and shows what it says."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
import yaml

from hub.__main__ import whole
from hub.app import build
from hub.complaints.problems import ProblemCode
from hub.complaints.workflow import RefusalCode
from hub.connectors import registry
from hub.settings import Settings
from hub.web.metrics import Metrics
from hub.web.requests import CODES
from tests.connectors import test_contract
from tests.connectors.contract import ConnectorContract
from tests.process import readme, running

MARK = "\x1e"
EXACT = {"state", "code", "scope"}
"""Fields whose values are what the README tells of; other values are those of one demo world."""
LATER = {"payments", "centralReport"}
"""Fields that are empty as long as a first pull goes on, which nobody waits for here."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like a clone where ``make run`` was typed, with the hub running."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "tests").symlink_to(readme.ROOT / "tests")
    log = tmp_path / "log"
    # The worker asks Blangkon once only, so that it does not pull while a command here does.
    env = running.variables(tmp_path, HUB_BLANGKON_EVERY="3600")
    try:
        with running.started("run", "--demo", env=env, log=log):
            for _ in running.until(60, "the first pull was not done", log):
                if re.search(r"^blangkon +up ", log.read_text(), re.MULTILINE):
                    break
            yield tmp_path
    finally:
        running.remove(tmp_path)


@pytest.mark.whole
@pytest.mark.timeout(240)
def test_every_command_shows_what_the_readme_says(folder: Path) -> None:
    commands = readme.commands()
    outputs = typed([command.text for command in commands], folder)
    for command, output in zip(commands, outputs, strict=True):
        for language, text in command.shown:
            told = told_as_json if language == "json" else told_as_text
            assert told(text, output), f"{command.text}\nshows\n{text}\nbut printed\n{output}"


def typed(commands: list[str], folder: Path) -> list[str]:
    """What each of ``commands`` printed, all typed into one shell in ``folder``."""
    script = "".join(f"{command}printf '{MARK}'\n" for command in commands)
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    shell = subprocess.Popen(["sh", "-eu"], **pipes, cwd=folder, env=env, text=True, start_new_session=True)
    try:
        printed, trouble = shell.communicate(script, timeout=150)
    except subprocess.TimeoutExpired:
        # With it ends what it started in the background, which holds its pipes.
        os.killpg(shell.pid, signal.SIGKILL)
        printed, trouble = shell.communicate()
    *told, rest = printed.split(MARK)
    assert shell.returncode == 0, f"{commands[len(told)]}\nfailed:\n{rest}\n{trouble}"
    return told


def told_as_json(shown: str, output: str) -> bool:
    """Whether a JSON document in ``output`` fits."""
    return any(fits(json.loads(shown), real) for real in documents(output))


def told_as_text(shown: str, output: str) -> bool:
    """Whether each line is there, but for numbers and spaces."""
    return all(re.search(f"^{masked(line)}$", output, re.MULTILINE) for line in shown.splitlines())


@pytest.mark.parametrize("line", readme.mentioned())
def test_a_command_that_is_only_mentioned_exists(line: str) -> None:
    program, *words = shlex.split(line)
    CHECKS[program](words)


def made(words: list[str]) -> None:
    subprocess.run(["make", "-n", *words], cwd=readme.ROOT, check=True, capture_output=True)


def understood(words: list[str]) -> None:
    """The words are parsed as the command would; nothing is run."""
    command, rest = reached(words)
    assert command.make_context(words[0], rest)


def reached(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``words`` begin with, and the words behind its name."""
    command: Any = typer.main.get_command(whole())
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("told", readme.named())
def test_a_command_named_in_a_sentence_exists_with_its_options(told: str) -> None:
    command, rest = reached(told.split())
    options = {option for each in command.params for option in each.opts} | {"--help"}
    assert {word for word in rest if word.startswith("-")} <= options


def composed(words: list[str]) -> None:
    services = yaml.safe_load((readme.ROOT / "docker-compose.yml").read_text())["services"]
    assert words[:2] == ["compose", "up"]
    assert {*words[2:]} <= services.keys()


def collected(words: list[str]) -> None:
    path, option, name = words
    assert (readme.ROOT / path).is_dir()
    assert option == "-k"
    assert name.lower() in registry.found()
    assert issubclass(getattr(test_contract, f"Test{name}"), ConnectorContract)


CHECKS = {"make": made, "hub": understood, "docker": composed, "pytest": collected}


@pytest.mark.parametrize(("name", "table"), readme.tables().items())
def test_a_table_is_what_the_code_says(name: str, table: str) -> None:
    assert readme.written(name) == table, "run `python -m tests.process.readme`"


def test_error_codes_are_those_of_the_code() -> None:
    section = readme.README.read_text().partition("## Error codes")[2].partition("\n## ")[0]
    errors, refusals = section.split("The refusals inside")
    told = {
        code for row in re.findall(r"^\| (`[A-Z].*?) \|", errors, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }
    assert told == codes() | {*CODES.values()}
    assert set(ProblemCode) | set(RefusalCode) == set(re.findall(r"`([A-Z_]{5,})`", refusals))


def test_the_migration_shown_is_the_newest() -> None:
    newest = max((readme.ROOT / "hub/store/migrations/versions").glob("v*.py")).stem[1:5]
    assert f" at {newest}, the newest\n" in readme.README.read_text()


def test_metrics_are_those_of_the_code() -> None:
    told = re.findall(r"^\| `(hub_\w+)`", readme.OPERATIONS.read_text(), re.MULTILINE)
    assert [name.removesuffix("_total") for name in told] == [one.name for one in Metrics().registry.collect()]


async def test_codes_of_http_are_as_told() -> None:
    settings = Settings(
        database_url="postgresql://nowhere.example/hub", pii_keys=("a2tr" * 10 + "a2s=",), secret_key="s" * 32
    )
    transport = httpx.ASGITransport(app=build(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
        nowhere = await client.get("/nowhere")
        stranger = await client.post(
            "/graphql", json={"query": "{ systems { name } }"}, headers={"Authorization": "Bearer x"}
        )
    assert [answer.json()["errors"][0]["extensions"]["code"] for answer in (nowhere, stranger)] == [
        "NOT_FOUND",
        "UNAUTHENTICATED",
    ]


@pytest.mark.parametrize(
    "page", sorted([*readme.ROOT.glob("*.md"), *readme.ROOT.glob("docs/**/*.md")]), ids=lambda p: p.stem
)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text())
    for to, heading in [link for link in links if "://" not in link[0]]:
        there = page.parent / to if to else page
        assert there.exists(), to
        assert not heading or heading in headings(there), f"{to}#{heading}"


def headings(page: Path) -> set[str]:
    """What a link into ``page`` can name."""
    told = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in told}


def codes() -> set[str]:
    """Codes as the sources spell them: values of ``"code"``, and what the makers of refusals are given."""
    found = set()
    for path in (readme.ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {text(value) for key, value in pairs if key is not None and text(key) == "code"}
            elif isinstance(node, ast.Call) and path.parent.name == "web":
                found |= {text(value) for value in node.args if "_" in text(value)}
    return {code for code in found if re.fullmatch("[A-Z]+(_[A-Z]+)*", code)}


def text(node: ast.expr) -> str:
    """The text of a string literal; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def documents(output: str) -> Iterator[Any]:
    """Every JSON document that begins a line of ``output``."""
    for start in re.finditer(r"^(?=\{)", output, re.MULTILINE):
        yield json.JSONDecoder().raw_decode(output, start.start())[0]


def fits(shown: Any, real: Any) -> bool:
    """Whether ``real`` has what ``shown`` shows: the same fields of the same types, in lists at least once."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(name in real and fits_field(name, value, real[name]) for name, value in shown.items())
    if isinstance(shown, list) and isinstance(real, list):
        return all(any(fits(each, one) for one in real) for each in shown)
    return shown is None or type(shown) is type(real)


def fits_field(name: str, shown: Any, real: Any) -> bool:
    """Whether the value of one field fits."""
    return (name in LATER and not real) or (fits(shown, real) and (name not in EXACT or shown == real))


def masked(line: str) -> str:
    """A pattern for lines that differ from ``line`` in numbers and in spaces only."""
    parts = re.split(r"([\d.:+-]*\d[\d.:+-]*|\s+)", line)
    return "".join(
        r"[\d.:+-]+" if re.search(r"\d", part) else r"\s+" if part.isspace() else re.escape(part) for part in parts
    )
