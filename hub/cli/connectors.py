"""``hub connectors``: creates the folder of a new connector, and checks a connector against the contract."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import print_result
from hub.errors import BadSetting
from hub.logs import escape_text

if TYPE_CHECKING:
    from hub.connectors.base import Connector

commands = typer.Typer(
    help="Create a new connector, and check one against the contract of all connectors.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@commands.command()
def check(
    name: Annotated[str, typer.Argument(help="A connector's name, its folder, or the dotted name of its package.")],
    whole: Annotated[bool, typer.Option("--all", help="Also run the checks that take minutes.")] = False,
    json: Json = False,
) -> None:
    """Run the contract suite on a connector, with its own sandbox and a temporary database.

    One line for each check; exit code 1 if one fails.
    """
    _needs_pytest()
    connector = _connector(name)
    from hub.testing.checking import Check, run_checks

    def print_check(each: Check) -> None:
        if not json:
            failed = f": {each.failed}\n     {each.advice}" if not each.passed else ""
            typer.echo(escape_text(f"{'ok  ' if each.passed else 'FAIL'} {each.name}") + failed)

    checks = run_checks(connector, print_check, whole=whole)
    failed = [one for one in checks if not one.passed]
    line = f"{connector.name}: {len(checks) - len(failed)} of {len(checks)} checks passed"
    result: dict[str, Any] = {"connector": connector.name, "passed": len(checks) - len(failed), "failed": len(failed)}
    result["checks"] = [{"name": c.name, "passed": c.passed, "failed": c.failed, "advice": c.advice} for c in checks]
    print_result(result, line, json=json)
    raise typer.Exit(1 if failed or not checks else 0)


@commands.command()
def new(
    name: Annotated[str, typer.Argument(help="The system's name: lower-case letters, digits, _.")],
    path: Annotated[
        Path | None, typer.Option(help="The parent of its folder; by default HUB_CONNECTORS_PATH, else this folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Create the folder of a new connector that works with its own sandbox and passes the checks."""
    from hub.cli.scaffold import create_connector
    from hub.settings import Settings, read_settings

    folder = create_connector(name, path or read_settings(Settings).connectors_path or Path()).resolve()
    line = (
        f"{folder} is created, and works with its sandbox. Search it for `Choice`; then\n"
        f"  hub connectors check {folder}\n"
        f"  HUB_CONNECTORS_PATH={folder.parent} hub run --demo"
    )
    print_result({"connector": name, "folder": str(folder)}, line, json=json)


def _needs_pytest() -> None:
    missing = [name for name in ("pytest", "pytest_asyncio") if not importlib.util.find_spec(name)]
    if missing:
        raise BadSetting(
            f"The checks need {' and '.join(missing).replace('_', '-')}: install the hub with its extra `testing`,"
            " or install pytest and pytest-asyncio beside it."
        )


def _connector(name: str) -> type[Connector]:
    """Return the connector of a folder, of a package, or of a name that the hub finds."""
    from hub.connectors import registry
    from hub.settings import Settings, read_settings

    known = registry.discover(read_settings(Settings).connectors_path)
    folder = _folder(name)
    if folder is None and name not in known:
        raise BadSetting(f"There is no connector {name}: name a folder, a package, or one of {', '.join(known)}.")
    if folder is not None and registry.discover(folder.parent).get(folder.name) != folder:
        raise BadSetting(f"The name {folder.name} is taken by another connector: rename the folder {folder}.")
    return registry.load(folder.name if folder else name)


def _folder(name: str) -> Path | None:
    """Return the folder of ``name`` as a path or as a package outside of the hub; None if it is only a name."""
    folder = Path(name).resolve()
    if "/" not in name and "." in name:
        folder = _package(name)
    elif "/" not in name and not folder.is_dir():
        return None
    if not (folder / "connector.py").is_file():
        if "/" in name or "." in name:
            raise BadSetting(f"There is no connector.py in {folder}: name the folder of a connector.")
        return None
    return folder


def _package(name: str) -> Path:
    try:
        spec = importlib.util.find_spec(name)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise BadSetting(f"There is no package {name} to import: use its dotted name, or name its folder.")
    return Path(next(iter(spec.submodule_search_locations))).resolve()
