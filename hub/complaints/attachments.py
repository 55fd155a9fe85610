"""The metadata of files attached to a complaint, and its validation. The files themselves are not stored here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.complaints.problems import Problem, ProblemCode, check_length
from hub.messages import Bilingual

MAX_COUNT = 10
MAX_BYTES = 10 * 1024 * 1024
MEDIA_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/heic",
    "application/pdf",
    "video/mp4",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "text/plain",
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FOLDERS = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file: its name, media type, size in bytes, and the SHA-256 of its content in hex."""

    name: str
    media_type: str
    size: int
    sha256: str


def check(attachments: Sequence[Attachment]) -> list[Problem]:
    """Return the problems of normalised attachments; fields are named ``attachments.0.name`` and so on."""
    if len(attachments) > MAX_COUNT:
        message = Bilingual(f"There may be {MAX_COUNT} attachments at most.", f"Paling banyak {MAX_COUNT} lampiran.")
        return [Problem("attachments", ProblemCode.TOO_MANY, message)]
    return [
        problem
        for index, attachment in enumerate(attachments)
        for problem in _check(f"attachments.{index}", attachment)
    ]


def _check(path: str, attachment: Attachment) -> list[Problem]:
    problems = check_length(f"{path}.name", attachment.name, 1, 255)
    if _FOLDERS.search(attachment.name):
        message = Bilingual("A file name must not contain / or \\.", "Nama berkas tidak boleh memuat / atau \\.")
        problems.append(Problem(f"{path}.name", ProblemCode.MALFORMED, message))
    if attachment.media_type not in MEDIA_TYPES:
        accepted = ", ".join(MEDIA_TYPES)
        message = Bilingual(f"Accepted media types: {accepted}.", f"Jenis berkas yang diterima: {accepted}.")
        problems.append(Problem(f"{path}.mediaType", ProblemCode.NOT_ALLOWED, message))
    if not 1 <= attachment.size <= MAX_BYTES:
        message = Bilingual("A file has 1 byte to 10 MB.", "Ukuran berkas 1 byte sampai 10 MB.")
        problems.append(Problem(f"{path}.size", ProblemCode.OUT_OF_RANGE, message))
    if not _SHA256.fullmatch(attachment.sha256):
        message = Bilingual("A SHA-256 has 64 hexadecimal digits.", "SHA-256 harus 64 angka heksadesimal.")
        problems.append(Problem(f"{path}.sha256", ProblemCode.MALFORMED, message))
    return problems
