"""Which URLs the hub may send requests to."""

from __future__ import annotations

import ipaddress
import re

import httpx

from hub.errors import BadSetting

_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


def checked_url(url: str) -> str:
    """Return ``url`` without a slash at the end; refuse plain HTTP off loopback. No error repeats the URL."""
    try:
        parsed = httpx.URL(url)
        port = parsed.port
    except (httpx.InvalidURL, ValueError):
        raise BadSetting("it is no http(s) URL") from None
    named = _is_ip(parsed.host) or _HOST.fullmatch(parsed.raw_host.decode())
    if parsed.scheme not in {"http", "https"} or not named or not (port is None or 0 < port < 65536):
        raise BadSetting("it is no http(s) URL")
    if parsed.scheme == "http" and not _loopback(parsed.host):
        raise BadSetting(f"{parsed.host} must be reached over https; plain http is for loopback only")
    return url.rstrip("/")


def _loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if _is_ip(host) else host == "localhost"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
