"""What was logged and answered, as a text to look for what must not be in it."""

from __future__ import annotations

import re

_RANDOM_IDS = re.compile(r"\b[0-9a-f]{32}\b")


def without_random_ids(*shown: object) -> str:
    """Return the text of ``shown`` without the ids of requests, whose digits are random."""
    return _RANDOM_IDS.sub("", " ".join(map(str, shown)))
