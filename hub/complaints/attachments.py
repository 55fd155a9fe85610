"""What is told about a file that belongs to a complaint; the file itself is never here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.complaints.problems import Message, Problem, ProblemCode, length

MOST = 10
MOST_BYTES = 10 * 1024 * 1024
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
    """What is wrong with the normalised attachments; fields are named ``attachments.0.name`` and so on."""
    if len(attachments) > MOST:
        message = Message(f"Paling banyak {MOST} lampiran.", f"There may be {MOST} attachments at most.")
        return [Problem("attachments", ProblemCode.TOO_MANY, message)]
    return [
        problem
        for index, attachment in enumerate(attachments)
        for problem in _check(f"attachments.{index}", attachment)
    ]


def _check(path: str, attachment: Attachment) -> list[Problem]:
    problems = length(f"{path}.name", attachment.name, 1, 255)
    if _FOLDERS.search(attachment.name):
        message = Message("Nama berkas tidak boleh memuat / atau \\.", "A file name holds neither / nor \\.")
        problems.append(Problem(f"{path}.name", ProblemCode.MALFORMED, message))
    if attachment.media_type not in MEDIA_TYPES:
        kinds = ", ".join(MEDIA_TYPES)
        message = Message(f"Jenis berkas yang diterima: {kinds}.", f"Accepted media types: {kinds}.")
        problems.append(Problem(f"{path}.mediaType", ProblemCode.NOT_ALLOWED, message))
    if not 1 <= attachment.size <= MOST_BYTES:
        message = Message("Ukuran berkas 1 bita sampai 10 MB.", "A file has 1 byte to 10 MB.")
        problems.append(Problem(f"{path}.size", ProblemCode.OUT_OF_RANGE, message))
    if not _SHA256.fullmatch(attachment.sha256):
        message = Message("SHA-256 harus 64 angka heksadesimal.", "A SHA-256 has 64 hexadecimal digits.")
        problems.append(Problem(f"{path}.sha256", ProblemCode.MALFORMED, message))
    return problems
