"""What a viewer can be granted, by business domain."""

from __future__ import annotations

OFFICER: frozenset[str] = frozenset(
    {
        "complaints:submit",
        "complaints:read",
        "complaints:pii",
        "complaints:verify",
        "complaints:assign",
        "complaints:respond",
        "reports:read",
        "payments:read",
    }
)
"""All there is: an officer of the complaint desk who handles secret complaints too."""
