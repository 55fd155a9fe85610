"""What for somebody may read who a reporter is: said in the header ``Hub-Purpose``, kept with each read."""

from __future__ import annotations

from collections.abc import Sequence

from hub.kinds import Code

HEADER = "hub-purpose"


class Purpose(Code):
    """A purpose. In the header its value is in lower case with dashes, such as ``legal-request``."""

    HANDLING = "HANDLING", "Penanganan aduan", "Handling", "To handle the complaint."
    AUDIT = "AUDIT", "Pemeriksaan", "Audit", "To check how complaints were handled."
    LEGAL_REQUEST = "LEGAL_REQUEST", "Permintaan hukum", "Legal request", "Because a law or a court demands it."
    REPORTER_REQUEST = (
        "REPORTER_REQUEST",
        "Permintaan pelapor",
        "Request of the reporter",
        "Because the reporter asked for it.",
    )

    @property
    def word(self) -> str:
        """As the header says it."""
        return self.value.lower().replace("_", "-")


_BY_WORD = {purpose.word: purpose for purpose in Purpose}
WORDS = tuple(_BY_WORD)


def stated(headers: Sequence[str]) -> Purpose | None:
    """The one purpose that headers state, in any case; None where there is none, several, or one not in the list."""
    found = {_BY_WORD.get(header.strip().lower()) for header in headers}
    return found.pop() if len(found) == 1 else None
