"""Renders the pages: templates with escaped values, in the reader's language, with a policy that forbids scripts."""

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

from hub.auth.server import translations
from hub.auth.server.sessions import authorization_query
from hub.web.language import preferred_language

FOLDER = Path(__file__).parents[1] / "templates"
LANGUAGE = "hub-language"
YEAR = 365 * 86_400


class Html(str):
    """Safe markup; any other value is escaped when it is filled in."""


def fill(template: str, values: Mapping[str, str]) -> Html:
    """Return ``template`` with its ``$names`` replaced."""
    safe = {name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}
    return Html(Template(template).substitute(safe))


@cache
def template(name: str) -> str:
    """Return the text of a template in ``hub/auth/templates``."""
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8").rstrip("\n")


def html_list(items: Iterable[str]) -> Html:
    """Return a list of plain texts; empty for no items."""
    rows = "".join(fill("<li>$text</li>", {"text": item}) for item in items)
    return Html(f"<ul>{rows}</ul>" if rows else "")


class PageRenderer:
    """Renders one page for one request. ``query`` is the query string that shows the page again."""

    def __init__(self, request: Request, query: Mapping[str, str] | None = None) -> None:
        self._request, self._query = request, dict(query or {})
        requested = request.query_params.get("lang", "")
        self._chosen = requested if requested in translations.LANGUAGES else ""
        remembered = request.cookies.get(LANGUAGE, "")
        preferred = preferred_language(",".join([*_locales(self._query), request.headers.get("accept-language", "")]))
        self.language = self._chosen or (remembered if remembered in translations.LANGUAGES else preferred)
        self.texts = translations.texts(self.language)

    def render(self, name: str, /, **values: str) -> Html:
        """Return a template filled with the texts of the pages and with ``values``."""
        return fill(template(name), {**self.texts, **values})

    def page(self, title: str, body: Html, *, status: int = 200, targets: Iterable[str] = ()) -> HTMLResponse:
        """Return the page. ``targets`` are redirect URIs to which its forms may lead."""
        other = "en" if self.language == "id" else "id"
        html = self.render(
            "frame",
            title=title,
            body=body,
            language=self.language,
            other=other,
            other_name=translations.LANGUAGES[other],
            other_url=f"{self._request.url.path}?{urlencode({**self._query, 'lang': other})}",
        )
        response = HTMLResponse(html, status, headers=_headers(targets))
        if self._chosen:
            response.set_cookie(LANGUAGE, self._chosen, max_age=YEAR, path="/oauth", httponly=True, samesite="lax")
        return response

    def message(self, title: str, text: str, *, status: int, link: str, detail: Html = Html("")) -> HTMLResponse:
        """Return a page with a message and a link back."""
        body = self.render("message", title=self.texts[title], text=text, detail=detail, link=link)
        return self.page(self.texts[title], body, status=status)


def _locales(query: Mapping[str, str]) -> list[str]:
    """Return the languages that a client requests, the best first (``ui_locales``, OpenID Connect Core, 3.1.2.1)."""
    locales = (
        query.get("ui_locales") or parse_qs(authorization_query(query.get("next", "")) or "").get("ui_locales", [""])[0]
    )
    return locales.split()


def _headers(targets: Iterable[str]) -> dict[str, str]:
    # Chromium applies form-action to redirects after a form too, so it must contain the client's URI.
    forms = " ".join(["'self'", *dict.fromkeys(map(csp_source, targets))])
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action {forms}; "
        "frame-ancestors 'none'"
    )
    # With no-referrer a browser would send the hub's forms with "Origin: null"; this sends other sites no more.
    return {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}


def csp_source(uri: str) -> str:
    """Return the source expression of a URI (Content Security Policy Level 3, 2.3.1)."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    host = parts.hostname or ""
    if parts.scheme == "http" and (host == "localhost" or _is_address(host)):
        # A program on the user's machine listens on any port (RFC 8252, 7.3); a policy cannot contain an IPv6 address.
        return f"http://{host}:*" if ":" not in host else "http:"
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
