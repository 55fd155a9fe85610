"""``hub clients``: registers OAuth clients, and changes or revokes their access."""

from __future__ import annotations

import typer

from hub.cli import client_access, client_changes, client_operations, client_registration

commands = typer.Typer(no_args_is_help=True, help="OAuth clients: programs of partners, and front-ends.")

commands.command()(client_registration.create)
commands.command("list")(client_registration.list_)
commands.command()(client_registration.show)
commands.command("set")(client_changes.set_)
commands.command("rotate-secret")(client_access.rotate_secret)
commands.command()(client_access.suspend)
commands.command()(client_access.resume)
commands.command()(client_access.delete)
commands.command("renew-codes")(client_access.renew_codes)
commands.command()(client_access.budget)
commands.command()(client_operations.documents)
commands.command()(client_access.assertion)
