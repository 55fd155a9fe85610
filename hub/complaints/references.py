"""The keys by which a complaint refers to records of other systems."""

from __future__ import annotations

import re

from hub.complaints.problems import Problem, ProblemCode
from hub.messages import Bilingual

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_TRACKING_ID = re.compile(r"[0-9]{1,20}")


def check(field: str, reference: str | None) -> list[Problem]:
    """Return a problem if ``reference`` cannot be the reference of a payment, an order or a permit."""
    if reference is None or _REFERENCE.fullmatch(reference):
        return []
    message = Bilingual(
        "At most 64 letters, digits and . _ : / -, beginning with a letter or digit.",
        "Paling banyak 64 huruf, angka, dan . _ : / -, diawali huruf atau angka.",
    )
    return [Problem(field, ProblemCode.MALFORMED, message)]


def check_tracking_id(field: str, tracking_id: str | None) -> list[Problem]:
    """Return a problem if ``tracking_id`` is not a LAPOR tracking id, which is a number.

    Contract lapor#tracking-number.
    """
    if tracking_id is None or _TRACKING_ID.fullmatch(tracking_id):
        return []
    message = Bilingual("A LAPOR tracking id has up to 20 digits.", "Nomor pelacakan LAPOR paling banyak 20 angka.")
    return [Problem(field, ProblemCode.MALFORMED, message)]
