"""The files of the LAPOR sandbox: small pictures and letters at signed URLs that expire, with some irregularities."""

from __future__ import annotations

import hashlib
import hmac
import struct
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LINK_LIFETIME = 900.0
"""Seconds until a signed URL expires."""
TOO_LARGE = 11 * 1024 * 1024
_TYPES = {"jpg": "image/jpeg", "pdf": "application/pdf"}


class Files:
    """Signs paths with ``secret``, and serves their files."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, base: str, path: str, lifetime: float = LINK_LIFETIME) -> str:
        """Return the URL of ``path`` on ``base``, valid for ``lifetime`` seconds."""
        expires = int(time.time() + lifetime)
        return f"{base.rstrip('/')}{path}?expires={expires}&signature={self._signature(path, expires)}"

    def serve(self, request: Request) -> Response:
        """Return the file, or 403 if the URL has expired or has a wrong signature."""
        path, expires = request.url.path, request.query_params.get("expires", "")
        good = self._signature(path, int(expires) if expires.isdigit() else 0)
        signature = request.query_params.get("signature", "")
        if not hmac.compare_digest(signature.encode(), good.encode()) or int(expires) <= time.time():
            return JSONResponse({"message": "Tautan kedaluwarsa"}, 403)
        name = request.path_params["name"]
        return Response(content(int(request.path_params["id"]), name), media_type=_TYPES[name.rpartition(".")[2]])

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._secret, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()[:32]


def content(report: int, name: str) -> bytes:
    """Return the content of a file. Some pictures are in fact web pages, and very few files are too large."""
    if report % 499 == 0:
        return _picture(name) + bytes(TOO_LARGE)
    if report % 41 == 0:
        return b"<!doctype html><script>alert('x')</script>"
    return _letter(f"{report}/{name}") if name.endswith(".pdf") else _picture(f"{report}/{name}")


def _picture(comment: str) -> bytes:
    """Return a grey JPEG of 8 by 8 pixels; the comment makes each file unique."""
    parts = [
        b"\xff\xd8",
        _segment(0xFE, comment.encode()),
        _segment(0xDB, b"\0" + b"\1" * 64),
        _segment(0xC0, struct.pack(">BHHB3B", 8, 8, 8, 1, 1, 0x11, 0)),
        # Both tables have one code of one bit, which means "no difference" and "end".
        *(_segment(0xC4, bytes([table, 1, *[0] * 15, 0])) for table in (0x00, 0x10)),
        _segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
        b"\x3f",
        b"\xff\xd9",
    ]
    return b"".join(parts)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _letter(title: str) -> bytes:
    """Return a PDF of one empty page."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        f"<< /Title ({title}) >>".encode(),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(body))
    )
