"""The idempotency key, with which a client makes a request safe to repeat."""

from __future__ import annotations

import re

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")


def check_key(key: str) -> list[Problem]:
    """Return a problem if ``key`` is not a valid idempotency key."""
    if _IDEMPOTENCY_KEY.fullmatch(key):
        return []
    message = Bilingual(
        "An idempotency key has 8 to 128 characters of A-Z, a-z, 0-9, dot, underscore, colon, hyphen.",
        "Kunci idempotensi: 8 sampai 128 karakter dari A-Z, a-z, 0-9, titik, garis bawah, titik dua, tanda hubung.",
    )
    return [Problem("idempotencyKey", ProblemCode.MALFORMED, message)]
