"""Detects the type of a file by its first bytes, and makes a safe name for downloads.

The patterns are those of the WHATWG MIME Sniffing Standard, 6.1 (images) and 7.1 (PDF).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIGNATURES: Mapping[str, re.Pattern[bytes]] = {
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
_DEFAULT_NAME = "lampiran"
_LONGEST = 120
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')


def detect_media_type(content: bytes) -> str | None:
    """Return the media type of ``content``: JPEG, PNG, WebP or PDF; None for any other type."""
    return next((name for name, signature in _SIGNATURES.items() if signature.match(content)), None)


def safe_name(name: str, media_type: str) -> str:
    """Return ``name`` without characters that are unsafe in a path, and with an extension of ``media_type``.

    An image with the extension of a web page would be opened as one after it was saved.
    """
    shown = "".join(sign for sign in name if sign.isprintable() and sign not in _NOT_IN_NAMES)
    name, endings = shown[-_LONGEST:].strip(" .") or _DEFAULT_NAME, _ENDINGS[media_type]
    return name if name.lower().endswith(endings) and name.lower() not in endings else name + endings[0]
