"""The command ``hub``: puts the commands of this package together and maps errors to exit codes.

Every command imports what it needs when it is called, so that ``hub --help`` is quick.

Exit codes: 0 success, 1 a failure or a finding, 2 a wrong setting or argument, or a port or folder in use,
3 another process is doing the same work, so try again later.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Annotated

import typer

from hub.cli import (
    agreement,
    audit,
    backup,
    clients,
    connectors,
    deliveries,
    disagreements,
    doctor,
    doubts,
    issues,
    keys,
    migrate,
    processes,
    quarantine,
    sandbox,
    schema,
    status,
    sync,
    systems,
    users,
    webhooks,
)
from hub.errors import BadSetting, HubError


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"hub {version('hub')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Simpul, the GraphQL integration hub for Central Java. Settings are HUB_* variables."""


@cache
def build_cli() -> typer.Typer:
    """Return the command ``hub`` with all its subcommands."""
    app = typer.Typer(name="hub", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_options)
    for command in (
        *(processes.run, processes.serve, processes.worker, migrate.migrate),
        *(schema.schema, sandbox.sandbox, sync.sync, doctor.doctor, issues.issues, status.status, audit.audit),
    ):
        app.command()(command)
    groups = (
        agreement,
        systems,
        quarantine,
        doubts,
        deliveries,
        disagreements,
        clients,
        webhooks,
        users,
        keys,
        backup,
        connectors,
    )
    for group in groups:
        app.add_typer(group.commands, name=group.__name__.rpartition(".")[2])
    return app


def main() -> None:
    """Run a command. An error that the hub raises deliberately is printed as one sentence, without a traceback."""
    try:
        build_cli()()
    except BadSetting as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except HubError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
