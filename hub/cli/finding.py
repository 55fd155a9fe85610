"""What a check of ``hub doctor`` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: whether it is ok, and a sentence on how to fix a failure.

    ``waits``: nothing failed, but something waits until a person decides or acts.
    """

    check: str
    ok: bool
    message: str
    waits: bool = False

    @property
    def label(self) -> str:
        """The first word of the finding's line."""
        return "FAIL" if not self.ok else "WAIT" if self.waits else "ok"
