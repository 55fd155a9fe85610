"""URIs compared and restricted by RFC 3986: normalised for proofs, strict for registered URIs."""

from __future__ import annotations

import re
from ipaddress import ip_address
from string import ascii_letters, digits
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 2_000
"""The maximum length of a registered URI; browsers accept more, proxies do not."""
PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(ascii_letters + digits + "-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


def normalize(uri: str) -> str | None:
    """Return ``uri`` without query and fragment, normalised by RFC 3986, 6.2.2 and 6.2.3; None unless http(s).

    Lower case of scheme and host, no default port, no dot segments, and only necessary escapes.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme not in PORTS or not host or "@" in parts.netloc or not uri.isascii() or not uri.isprintable():
        return None
    name = f"[{host}]" if ":" in host else host
    port_suffix = "" if port in (None, PORTS[parts.scheme]) else f":{port}"
    path = _remove_dot_segments(_ESCAPE.sub(_unescaped, parts.path)) or "/"
    return f"{parts.scheme}://{name}{port_suffix}{path}"


def is_valid(uri: str) -> bool:
    """Return whether ``uri`` means the same in every browser: characters, escapes, host and port."""
    if not uri.isascii() or not uri.isprintable() or len(uri) > MAX_LENGTH or set(uri) & set(' #*"\\<>^`{|}'):
        return False
    try:
        parts = urlsplit(uri)
        return _has_valid_authority(parts) and "%" not in _ESCAPE.sub("", uri) and not _has_dot_segments(parts.path)
    except ValueError:
        return False


def _has_valid_authority(parts: SplitResult) -> bool:
    """Check the authority; ``ValueError`` for an invalid port."""
    if not parts.netloc:
        return True
    host, odd = parts.hostname or "", "@" in parts.netloc or parts.netloc.endswith(":") or parts.port == 0
    bracketed = parts.netloc.startswith("[") == (":" in host)
    return not odd and bracketed and _is_host(host)


def _is_host(host: str) -> bool:
    """Return whether it is a DNS name or an address. A name that ends with a number is an address (WHATWG URL, 3.5)."""
    last = host.rpartition(".")[2]
    if ":" in host or last.isdigit() or last.startswith("0x"):
        return bool(ip_address(host))
    return len(host) <= 253 and all(map(_LABEL.fullmatch, host.split(".")))


def _has_dot_segments(path: str) -> bool:
    return bool({".", ".."} & {*_ESCAPE.sub(_unescaped, path).split("/")})


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _remove_dot_segments(path: str) -> str:
    """Apply RFC 3986, 5.2.4, to a path that begins with a slash."""
    result: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del result[-1:]
        elif segment != ".":
            result.append(segment)
    if segments[-1] in (".", ".."):
        result.append("")
    return "/" + "/".join(result)
