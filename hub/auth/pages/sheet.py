"""Renders the pages: templates filled with escaped values, the reader's language, and a policy without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from ipaddress import ip_address
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.auth.pages import words
from hub.auth.server.interaction import query_of
from hub.web.languages import language

FOLDER = Path(__file__).parent
LANGUAGE = "hub-language"
YEAR = 365 * 86_400


class Html(str):
    """Markup that is right as it stands; any other value is escaped when it is filled in."""


def filled(template: str, values: Mapping[str, str]) -> Html:
    """``template`` with its ``$names`` replaced."""
    safe = {name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}
    return Html(Template(template).substitute(safe))


@cache
def template(name: str) -> str:
    """The text of one of the templates next to this module."""
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8").rstrip("\n")


def listed(items: Iterable[str]) -> Html:
    """A list of plain texts; nothing for an empty one."""
    rows = "".join(filled("<li>$text</li>", {"text": item}) for item in items)
    return Html(f"<ul>{rows}</ul>" if rows else "")


class Sheet:
    """One page for one request. ``again`` is the query under which the page can be asked for again."""

    def __init__(self, request: Request, again: Mapping[str, str] | None = None) -> None:
        self._request, self._again = request, dict(again or {})
        asked = request.query_params.get("lang", "")
        self._chosen = asked if asked in words.LANGUAGES else ""
        kept = request.cookies.get(LANGUAGE, "")
        told = language(",".join([*_locales(self._again), request.headers.get("accept-language", "")]))
        self.language = self._chosen or (kept if kept in words.LANGUAGES else told)
        self.words = words.said(self.language)

    def part(self, name: str, /, **values: str) -> Html:
        """A template filled with the words of this page and with ``values``."""
        return filled(template(name), {**self.words, **values})

    def shown(self, title: str, body: Html, *, status: int = 200, targets: Iterable[str] = ()) -> HTMLResponse:
        """The page. ``targets`` are redirect URIs to which its forms may lead in the end."""
        other = "en" if self.language == "id" else "id"
        html = self.part(
            "frame",
            title=title,
            body=body,
            language=self.language,
            other=other,
            other_name=words.LANGUAGES[other],
            other_url=f"{self._request.url.path}?{urlencode({**self._again, 'lang': other})}",
        )
        response = HTMLResponse(html, status, headers=_headers(targets))
        if self._chosen:
            response.set_cookie(LANGUAGE, self._chosen, max_age=YEAR, path="/oauth", httponly=True, samesite="lax")
        return response

    def message(self, title: str, text: str, *, status: int, link: str, detail: Html = Html("")) -> HTMLResponse:
        """A page that only says something, with a way back."""
        told = self.part("message", title=self.words[title], text=text, detail=detail, link=link)
        return self.shown(self.words[title], told, status=status)


def _locales(again: Mapping[str, str]) -> list[str]:
    """The languages a client wishes for its user, the best first (``ui_locales``, OpenID Connect Core, 3.1.2.1)."""
    asked = again.get("ui_locales") or parse_qs(query_of(again.get("next", "")) or "").get("ui_locales", [""])[0]
    return asked.split()


def _headers(targets: Iterable[str]) -> dict[str, str]:
    # Chromium holds every redirect after a form against form-action, so the client's address has to be in it.
    forms = " ".join(["'self'", *dict.fromkeys(map(source, targets))])
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action {forms}; "
        "frame-ancestors 'none'"
    )
    # Under no-referrer a browser would send forms of ours with "Origin: null"; this tells other sites as little.
    return {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}


def source(uri: str) -> str:
    """What a policy calls the place ``uri`` is at (Content Security Policy Level 3, 2.3.1)."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    host = parts.hostname or ""
    if parts.scheme == "http" and (host == "localhost" or _is_address(host)):
        # A program on the user's machine takes whatever port is free (RFC 8252, 7.3); a policy knows no IPv6 address.
        return f"http://{host}:*" if ":" not in host else "http:"
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
