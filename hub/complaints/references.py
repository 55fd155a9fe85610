"""The keys by which a complaint names records of other systems, and the key by which a client names its request."""

from __future__ import annotations

import re

from hub.complaints.problems import Message, Problem, ProblemCode

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_TRACKING_ID = re.compile(r"[0-9]{1,20}")


def check_key(key: str) -> list[Problem]:
    """A problem when ``key`` cannot be an idempotency key."""
    if _IDEMPOTENCY_KEY.fullmatch(key):
        return []
    message = Message(
        "Kunci idempotensi: 8 sampai 128 karakter dari A-Z, a-z, 0-9, titik, garis bawah, titik dua, tanda hubung.",
        "An idempotency key has 8 to 128 characters of A-Z, a-z, 0-9, dot, underscore, colon, hyphen.",
    )
    return [Problem("idempotencyKey", ProblemCode.MALFORMED, message)]


def check(field: str, reference: str | None) -> list[Problem]:
    """A problem when ``reference`` cannot be that of a payment or an order."""
    if reference is None or _REFERENCE.fullmatch(reference):
        return []
    message = Message(
        "Paling banyak 64 huruf, angka, dan . _ : / -, diawali huruf atau angka.",
        "At most 64 letters, digits and . _ : / -, beginning with a letter or digit.",
    )
    return [Problem(field, ProblemCode.MALFORMED, message)]


def check_tracking_id(field: str, tracking_id: str | None) -> list[Problem]:
    """A problem when ``tracking_id`` cannot be one of LAPOR, which are numbers (contract A.1)."""
    if tracking_id is None or _TRACKING_ID.fullmatch(tracking_id):
        return []
    message = Message("Nomor pelacakan LAPOR paling banyak 20 angka.", "A LAPOR tracking id has up to 20 digits.")
    return [Problem(field, ProblemCode.MALFORMED, message)]
