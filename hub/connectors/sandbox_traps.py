"""The irregularities that a sandbox shows all the time, which can be switched off and on one by one.

A fault concerns the next calls; a trap is a property of the system's data or of its own calls.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

TRAP_ACT = {"trap": "switches the irregularity `name` off or on (`on`: false or true); without `name`, all of them"}


class Traps:
    """The traps that are on; all are at first, except for those in ``off``."""

    def __init__(self, known: Mapping[str, str], off: Collection[str] = ()) -> None:
        self.known = dict(known)
        self._on = set(known) - set(off)

    def on(self, name: str) -> bool:
        """Return whether a trap is on; raise ``KeyError`` for an unknown name."""
        self.known[name]
        return name in self._on

    def switch(self, name: str | None, *, on: bool) -> None:
        """Switch a trap, or all of them; raise ``ValueError`` for an unknown name."""
        if name is not None and name not in self.known:
            raise ValueError(f"there is no trap {name!r}; the traps are {', '.join(sorted(self.known))}")
        names = set(self.known) if name is None else {name}
        self._on = self._on | names if on else self._on - names

    def act(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Do the act ``trap``; return whether each trap is on."""
        name, on = command.get("name"), command.get("on")
        if not isinstance(on, bool) or not (name is None or isinstance(name, str)):
            raise ValueError('send JSON such as {"do": "trap", "name": "repeats", "on": false}')
        self.switch(name, on=on)
        return self.figures()

    def figures(self) -> dict[str, bool]:
        """Return whether each trap is on."""
        return {name: name in self._on for name in self.known}
