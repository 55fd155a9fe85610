"""Finds pg_dump and pg_restore of a suitable version, and runs them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import conninfo

from hub.errors import BadSetting, HubError
from hub.runtime.postgres_paths import wheel_folder

DEBIAN = Path("/usr/lib/postgresql")


class ProgramFailed(HubError):
    """pg_dump or pg_restore failed; the message is its own."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of both programs, and their major version."""

    folder: Path
    version: int

    async def run(self, name: str, url: str, *options: str) -> None:
        """Run a program on the database ``url``, without its password in the process list.

        Raises ``ProgramFailed`` on failure.
        """
        parts: dict[str, Any] = conninfo.conninfo_to_dict(url)
        secret = {"PGPASSWORD": str(parts.pop("password"))} if "password" in parts else {}
        process = await asyncio.create_subprocess_exec(
            *(str(self.folder / name), f"--dbname={conninfo.make_conninfo(**parts)}", "--no-password", *options),
            env={**os.environ, **secret},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            umask=0o077,
        )
        try:
            _, stderr = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise ProgramFailed(f"{name} failed: {_reason(stderr.decode(errors='replace'))}.")


def find_programs(at_least: int) -> Programs:
    """Return the oldest programs of version ``at_least`` or newer; ``BadSetting`` without any."""
    found = sorted(_installed(), key=lambda each: each.version)
    for each in found:
        if each.version >= at_least:
            return each
    here = f"only of version {found[-1].version}" if found else "not installed"
    raise BadSetting(
        f"pg_dump and pg_restore of PostgreSQL {at_least} or newer are required, and here they are {here}: install "
        f"postgresql-client-{at_least}, or use the container of the service `backup`."
    )


def _installed() -> Iterator[Programs]:
    for folder in _folders():
        if (folder / "pg_dump").exists() and (folder / "pg_restore").exists():
            result = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True)  # noqa: S603
            if match := re.search(r"\(PostgreSQL\) (\d+)", result.stdout):
                yield Programs(folder, int(match[1]))


def _folders() -> Iterator[Path]:
    yield from DEBIAN.glob("*/bin")
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    try:
        yield wheel_folder() / "pginstall18" / "bin"
    except BadSetting:
        return


def _reason(stderr: str) -> str:
    """Return the first line with an error; later lines may contain rows."""
    lines = [line for line in stderr.splitlines() if ": error: " in line]
    return lines[0].partition(": error: ")[2].strip().rstrip(".") if lines else "it gave no reason"
