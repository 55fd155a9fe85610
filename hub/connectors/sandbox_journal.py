"""The state of a sandbox across restarts: one line of JSON for each change, appended as it happens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """The newest state of each object, by name, in a file of mode 0600.

    A last line that a crash cut off is ignored: its change was not confirmed to anybody. The file is rewritten when
    it is opened, so that it does not grow without limit.
    """

    def __init__(self, path: Path) -> None:
        self.states = _read(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".fresh")
        fresh.unlink(missing_ok=True)
        self._file = open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")  # noqa: SIM115  (kept open)
        for name, state in self.states.items():
            self._write(name, state)
        fresh.replace(path)

    def record(self, name: str, state: Any) -> None:
        """Record the ``state`` of ``name``; when this returns, a crash of the process does not lose it."""
        self.states[name] = state
        self._write(name, state)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, name: str, state: Any) -> None:
        self._file.write(json.dumps([name, state]) + "\n")
        self._file.flush()


def _read(path: Path) -> dict[str, Any]:
    states: dict[str, Any] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            name, state = json.loads(line)
        except ValueError:
            break
        states[name] = state
    return states
