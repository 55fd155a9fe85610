"""Purposes for which a reporter's identity may be read: sent in the header ``Hub-Purpose``, stored with each read."""

from __future__ import annotations

from collections.abc import Sequence

from hub.kinds import Code

HEADER = "hub-purpose"


class Purpose(Code):
    """A purpose. Its value in the header is in lower case with dashes, such as ``legal-request``."""

    HANDLING = "HANDLING", "Penanganan aduan", "Handling", "To handle the complaint."
    AUDIT = "AUDIT", "Pemeriksaan", "Audit", "To audit how complaints were handled."
    LEGAL_REQUEST = "LEGAL_REQUEST", "Permintaan hukum", "Legal request", "To comply with a law or a court order."
    REPORTER_REQUEST = (
        "REPORTER_REQUEST",
        "Permintaan pelapor",
        "Request of the reporter",
        "To fulfil a request of the reporter.",
    )
    FORWARDING = (
        "FORWARDING",
        "Penerusan",
        "Forwarding",
        "The hub sent the identity to another system with the complaint. Not available to readers.",
    )

    @property
    def header_value(self) -> str:
        """The value in the header."""
        return self.value.lower().replace("_", "-")


_BY_HEADER_VALUE = {purpose.header_value: purpose for purpose in Purpose if purpose is not Purpose.FORWARDING}
HEADER_VALUES = tuple(_BY_HEADER_VALUE)


def parse_headers(headers: Sequence[str]) -> Purpose | None:
    """Return the purpose in the headers, in any case; None if it is missing, repeated or unknown."""
    found = {_BY_HEADER_VALUE.get(header.strip().lower()) for header in headers}
    return found.pop() if len(found) == 1 else None
