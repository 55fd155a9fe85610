"""Renders templates, and makes responses of them: compressed, with a policy that lets nothing in from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from hub.pages.cache import SECONDS
from hub.pages.charts.columns import key
from hub.pages.reader import Reader
from hub.pages.texts import LANGUAGES
from hub.web.headers import header

FOLDER = Path(__file__).with_name("templates")
STATIC = Path(__file__).with_name("static")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HTML, CSV, JSON = "text/html; charset=utf-8", "text/csv; charset=utf-8; header=present", "application/json"
PUBLIC = {"Cache-Control": f"public, max-age={SECONDS}"}
# With the hub's own "no-referrer" a browser would send the forms with "Origin: null".
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(languages=LANGUAGES, key=key, asset=asset_address)
    return environment


@cache
def asset_address(name: str) -> str:
    """Return the address of the style sheet or a script, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/pages/{digest}/{name}"


def render(template: str, reader: Reader, **values: Any) -> str:
    """Return a template of ``hub/pages/templates``, of HTML unless it has an ending; every value is escaped."""
    name = template if "." in template else f"{template}.html"
    texts = {"reader": reader, "t": reader.t, "url": reader.url, "language": reader.language}
    return _environment().get_template(name).render(**texts, **values)


@dataclass(frozen=True, slots=True)
class Packed:
    """A body that is sent many times: as it is, compressed, and with a tag that names its content."""

    body: bytes
    compressed: bytes
    tag: str
    media: str

    @classmethod
    def pack(cls, text: str, media: str) -> Packed:
        """Return ``text`` as it is sent."""
        body = text.encode()
        return cls(body, gzip.compress(body, 6, mtime=0), f'W/"{hashlib.sha256(body).hexdigest()[:20]}"', media)

    def response(self, request: Request, headers: Mapping[str, str] = PUBLIC) -> Response:
        """Return the response, without a body if the reader has this content already (RFC 9110, 13.1.2)."""
        fixed = {"Vary": "Accept-Encoding", "ETag": self.tag, "Content-Security-Policy": POLICY, **headers}
        if self.tag in header(request, "if-none-match"):
            return Response(status_code=304, headers=fixed)
        fixed["Content-Type"] = self.media
        if "gzip" in header(request, "accept-encoding"):
            return Response(self.compressed, headers={**fixed, "Content-Encoding": "gzip"})
        return Response(self.body, headers=fixed)


def private(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page for one reader alone, which nothing may keep."""
    fixed = {"Content-Type": HTML, "Content-Security-Policy": POLICY, **PRIVATE, **(headers or {})}
    return Response(html, status, fixed)
