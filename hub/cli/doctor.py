"""``hub doctor``: prints the findings of ``hub.cli.diagnostics``."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli import common


def doctor(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Check settings, database, migrations and each system, and print how to fix each failure."""
    import asyncio

    import orjson

    from hub.cli.diagnostics import diagnose
    from hub.logs import escape_text

    findings = asyncio.run(diagnose(common.load_settings(warn=True, use_running_sandboxes=True)))
    for finding in [] if json else findings:
        typer.echo(escape_text(f"{finding.label:<4} {finding.check:<12} {finding.message}"))
    if json:
        typer.echo(orjson.dumps(findings))
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)
