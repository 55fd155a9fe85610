"""Counts the forms in which OSS answers, because its official document contradicts itself (contract oss#variants)."""

from __future__ import annotations

from collections import Counter

import structlog

log = structlog.stdlib.get_logger(__name__)

MAX_FORMS = 200
"""Maximum number of forms counted by name: a name may come from an answer, so there is no end of them."""
SEEN: Counter[str] = Counter()
"""How often this process met each form that differs from the declared one."""


def note(form: str) -> None:
    """Count a form; log it the first time. Beyond ``MAX_FORMS`` all new forms are counted as one."""
    if form not in SEEN and len(SEEN) >= MAX_FORMS:
        form = "other"
    SEEN[form] += 1
    if SEEN[form] == 1:
        log.info("oss.variant", form=form)
