"""What a file is by its first bytes, whatever its name says, and what it may be called where somebody saves it.

Patterns: WHATWG MIME Sniffing Standard, 6.1 (images) and 7.1 (PDF).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGINS: Mapping[str, re.Pattern[bytes]] = {
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL),
    "application/pdf": re.compile(rb"%PDF-"),
}
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
_NAMELESS = "lampiran"
_LONGEST = 120
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')


def media_type(content: bytes) -> str | None:
    """The type of ``content`` if it is one the hub keeps: JPEG, PNG, WebP or PDF."""
    return next((name for name, begins in _BEGINS.items() if begins.match(content)), None)


def safe_name(told: str, media_type: str) -> str:
    """``told`` as a file's name that neither leads elsewhere nor ends like another type than ``media_type``.

    A picture that is called a web page would be opened as one where it was saved.
    """
    shown = "".join(sign for sign in told if sign.isprintable() and sign not in _NOT_IN_NAMES)
    name, endings = shown[-_LONGEST:].strip(" .") or _NAMELESS, _ENDINGS[media_type]
    return name if name.lower().endswith(endings) and name.lower() not in endings else name + endings[0]
