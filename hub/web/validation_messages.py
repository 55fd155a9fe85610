"""Removes values from the error messages of graphql-core, because they may be personal data."""

from __future__ import annotations

import re

_QUOTED = (
    (re.compile(r"(^Syntax Error: .*?\b(?:BlockString|String|Int|Float)) .*", re.DOTALL), r"\1."),
    (re.compile(r"( cannot represent .*?value): .*", re.DOTALL), r"\1."),
    (re.compile(r"[,;.] [Ff]ound:? .*", re.DOTALL), "."),
    (re.compile(r"Value '.*' does not exist in", re.DOTALL), "This value does not exist in"),
)


def without_values(message: str) -> str:
    """Return ``message`` without values of the input; names of types, fields and variables remain."""
    for pattern, replacement in _QUOTED:
        if message != (redacted := pattern.sub(replacement, message, count=1)):
            return redacted
    return message
