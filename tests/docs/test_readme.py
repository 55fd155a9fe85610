"""Every command of the README runs against a hub that ``make run`` started, and prints what the README shows."""

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
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
import yaml

from hub.api.exception_handlers import ERROR_CODES
from hub.api.metrics import Metrics
from hub.app import build
from hub.cli.main import build_cli
from hub.complaints.problems import ProblemCode
from hub.connectors import registry
from hub.schema.complaints.errors import UserErrorCode
from hub.settings import Settings
from hub.testing.contract import ConnectorContract
from tests import hub_processes
from tests.connectors import test_contract
from tests.docs import readme
from tests.waits import HANGS_AFTER, steps

MARK = "\x1e"
EXACT = {"state", "code", "scope"}
"""Fields whose values the README states; other values depend on the demo world."""
LATER = {"payments", "centralReport", "differences"}
"""Fields that are empty until a first pull is complete, for which this test does not wait."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder like a clone in which ``make run`` was typed, with the hub running."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for name in ("docs", "tests"):
        (tmp_path / name).symlink_to(readme.ROOT / name)
    log = tmp_path / "log"
    # The worker asks Blangkon once only, so that it does not pull while a command here does.
    env = hub_processes.variables(tmp_path, HUB_BLANGKON_EVERY="3600")
    try:
        with hub_processes.started("run", "--demo", env=env, log=log):
            for _ in steps("the first pull was not done", log):
                if re.search(r"^blangkon +up ", log.read_text(), re.MULTILINE):
                    break
            yield tmp_path
    finally:
        hub_processes.remove(tmp_path)


@pytest.mark.whole
@pytest.mark.timeout(4 * HANGS_AFTER)
def test_every_command_prints_what_the_readme_shows(folder: Path) -> None:
    commands = readme.commands()
    outputs = typed([command.text for command in commands], folder)
    for command, output in zip(commands, outputs, strict=True):
        for language, text in command.shown:
            agrees = agrees_as_json if language == "json" else agrees_as_text
            assert agrees(text, output), f"{command.text}\nshows\n{text}\nbut printed\n{output}"


def typed(commands: list[str], folder: Path) -> list[str]:
    """Return the output of each of ``commands``, all typed into one shell in ``folder``."""
    script = "".join(f"{command}printf '{MARK}'\n" for command in commands)
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    shell = subprocess.Popen(["sh", "-eu"], **pipes, cwd=folder, env=env, text=True, start_new_session=True)
    try:
        printed, trouble = _until_it_ends(shell, script)
    finally:
        # Also if the test itself is ended by its time limit; with it ends what it started in the background.
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
    outputs: list[str]
    *outputs, rest = printed.split(MARK)
    assert shell.returncode == 0, f"{commands[len(outputs)]}\nfailed:\n{rest}\n{trouble}"
    return outputs


def _until_it_ends(shell: subprocess.Popen[str], script: str) -> tuple[str, str]:
    """Return what the shell prints; it is ended if it prints nothing for long, which each command does."""
    given: str | None = script
    before = b""
    while True:
        try:
            return shell.communicate(given, timeout=HANGS_AFTER)
        except subprocess.TimeoutExpired as late:
            given = None
            if late.output == before:
                # Its children hold its pipes.
                os.killpg(shell.pid, signal.SIGKILL)
            before = late.output


def agrees_as_json(shown: str, output: str) -> bool:
    """Return whether a JSON document in ``output`` fits."""
    return any(fits(json.loads(shown), real) for real in documents(output))


def agrees_as_text(shown: str, output: str) -> bool:
    """Return whether each line is in the output, except for numbers and spaces."""
    return all(re.search(f"^{masked(line)}$", output, re.MULTILINE) for line in shown.splitlines())


@pytest.mark.parametrize("line", readme.mentioned())
def test_a_command_that_is_only_mentioned_exists(line: str) -> None:
    program, *arguments = shlex.split(line)
    CHECKS[program](arguments)


def made(arguments: list[str]) -> None:
    subprocess.run(["make", "-n", *arguments], cwd=readme.ROOT, check=True, capture_output=True)


def understood(arguments: list[str]) -> None:
    """Parse the arguments as the command would; nothing is run."""
    command, rest = reached(arguments)
    assert command.make_context(arguments[0], rest)


@cache
def cli() -> Any:
    """Return the hub's commands, which take longer to make than their arguments to parse."""
    return typer.main.get_command(build_cli())


def reached(arguments: list[str]) -> tuple[Any, list[str]]:
    """Return the command that ``arguments`` begin with, and the arguments after its name."""
    command = cli()
    while arguments and hasattr(command, "commands") and not arguments[0].startswith("-"):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    return command, arguments


@pytest.mark.parametrize("line", readme.named())
def test_a_command_named_in_a_sentence_exists_with_its_options(line: str) -> None:
    command, rest = reached(line.split())
    options = {option for each in command.params for option in each.opts} | {"--help"}
    assert {argument for argument in rest if argument.startswith("-")} <= options


def composed(arguments: list[str]) -> None:
    files = [value for option, value in pairwise(arguments) if option == "-f"] or ["docker-compose.yml"]
    services = {name for file in files for name in yaml.safe_load((readme.ROOT / file).read_text())["services"]}
    rest = [argument for argument in arguments if argument not in ("-f", "--rm", *files)]
    assert rest[:2] in (["compose", "up"], ["compose", "run"])
    assert {*rest[2:]} <= services


def applied(arguments: list[str]) -> None:
    """Check that a file is there, and that what is created beside it is what the manifest refers to."""
    manifest = (readme.ROOT / "deploy/kubernetes.yaml").read_text()
    match [argument for argument in arguments if not argument.startswith("--from-env-file=")]:
        case ["apply", "--filename", file]:
            assert (readme.ROOT / file).is_file()
        case ["create", "namespace", name]:
            assert f"namespace: {name}\n" in manifest
        case ["--namespace", namespace, "create", "secret", "generic", name]:
            assert f"namespace: {namespace}\n" in manifest
            assert f"secretRef: {{name: {name}}}\n" in manifest
        case _:
            raise AssertionError(f"no check of {arguments}")


def collected(arguments: list[str]) -> None:
    path, option, name = arguments
    assert (readme.ROOT / path).is_dir()
    assert option == "-k"
    assert name.lower() in registry.discover()
    assert issubclass(getattr(test_contract, f"Test{name}"), ConnectorContract)


CHECKS = {"make": made, "hub": understood, "docker": composed, "kubectl": applied, "pytest": collected}


@pytest.mark.parametrize(("name", "table"), readme.tables().items())
def test_a_table_matches_the_code(name: str, table: str) -> None:
    assert readme.written(name) == table, "run `python -m tests.docs.readme`"


def test_error_codes_are_those_of_the_code() -> None:
    errors, refusals = readme.ERRORS.read_text().split("The refusals in a")
    documented = {
        code for row in re.findall(r"^\| (`[A-Z].*?) \|", errors, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }
    assert documented == codes() | {*ERROR_CODES.values()}
    assert set(ProblemCode) | set(UserErrorCode) == set(re.findall(r"`([A-Z_]{5,})`", refusals))


def test_the_migration_shown_is_the_newest() -> None:
    newest = max((readme.ROOT / "hub/store/migrations/versions").glob("v*.py")).stem[1:5]
    assert f" at {newest}, the newest\n" in readme.README.read_text()


def test_metrics_are_those_of_the_code() -> None:
    documented = re.findall(r"^\| `(hub_\w+)`", readme.OPERATIONS.read_text(), re.MULTILINE)
    assert [name.removesuffix("_total") for name in documented] == [one.name for one in Metrics().registry.collect()]


async def test_http_codes_match_the_table() -> None:
    settings = Settings(
        database_url="postgresql://nowhere.example/hub", pii_keys=("a2tr" * 10 + "a2s=",), secret_key="s" * 32
    )
    transport = httpx.ASGITransport(app=build(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        nowhere = await client.get("/nowhere")
        stranger = await client.post(
            "/graphql", json={"query": "{ systems { name } }"}, headers={"Authorization": "Bearer x"}
        )
    assert [answer.json()["errors"][0]["extensions"]["code"] for answer in (nowhere, stranger)] == [
        "NOT_FOUND",
        "UNAUTHENTICATED",
    ]


def codes() -> set[str]:
    """Return the codes in the sources: values of ``"code"``, and arguments of the functions that make errors."""
    found = set()
    for path in (readme.ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {text(value) for key, value in pairs if key is not None and text(key) == "code"}
            elif isinstance(node, ast.Call) and {"web", "api"} & {*path.parts}:
                found |= {text(value) for value in node.args if "_" in text(value)}
    return {code for code in found if re.fullmatch("[A-Z]+(_[A-Z]+)*", code)}


def text(node: ast.expr) -> str:
    """Return the text of a string literal; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def documents(output: str) -> Iterator[Any]:
    """Yield every JSON document that begins a line of ``output``."""
    for start in re.finditer(r"^(?=\{)", output, re.MULTILINE):
        yield json.JSONDecoder().raw_decode(output, start.start())[0]


def fits(shown: Any, real: Any) -> bool:
    """Return whether ``real`` has what ``shown`` shows: the same fields of the same types, in lists at least once."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return all(name in real and fits_field(name, value, real[name]) for name, value in shown.items())
    if isinstance(shown, list) and isinstance(real, list):
        return all(any(fits(each, one) for one in real) for each in shown)
    return shown is None or type(shown) is type(real)


def fits_field(name: str, shown: Any, real: Any) -> bool:
    """Return whether the value of one field fits."""
    return (name in LATER and not real) or (fits(shown, real) and (name not in EXACT or shown == real))


def masked(line: str) -> str:
    """Return a pattern for lines that differ from ``line`` in numbers and spaces only."""
    parts = re.split(r"([\d.:+-]*\d[\d.:+-]*|\s+)", line)
    return "".join(
        r"[\d.:+-]+" if re.search(r"\d", part) else r"\s+" if part.isspace() else re.escape(part) for part in parts
    )
