"""What a client may choose for a webhook: its URL, its kinds and systems, its rate."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from hub.complaints.problems import Problem, ProblemCode, check_length
from hub.errors import BadSetting
from hub.http_client import checked_url
from hub.http_client.public_addresses import is_loopback, is_public
from hub.messages import Bilingual
from hub.store.feed import pages
from hub.store.webhooks.endpoints import MAX_PER_MINUTE, WebhookOptions
from hub.viewer import Viewer

MAX_URL = 2_000


def check(viewer: Viewer, options: WebhookOptions, known_kinds: Collection[str], *, loopback: bool) -> list[Problem]:
    """Return the problems with ``options``; ``loopback``: whether the endpoint may be on this machine."""
    problems = check_length("url", options.url, 1, MAX_URL) or check_url(options.url, loopback=loopback)
    names = ["complaint", *known_kinds]
    for field, chosen, allowed in (
        ("kinds", options.kinds, names),
        ("systems", options.systems, None),
    ):
        if chosen is not None and not chosen:
            problems.append(_empty(field))
        for name in chosen or ():
            if not (name in allowed if allowed is not None else pages.may_follow(viewer, name)):
                problems.append(_unknown(field, names if field == "kinds" else None))
                break
    if not 1 <= options.per_minute <= MAX_PER_MINUTE:
        text = Bilingual(f"1 to {MAX_PER_MINUTE} calls a minute.", f"1 sampai {MAX_PER_MINUTE} panggilan per menit.")
        problems.append(Problem("perMinute", ProblemCode.OUT_OF_RANGE, text))
    return problems


def check_url(url: str, *, loopback: bool) -> list[Problem]:
    """Return which rule the URL of an endpoint breaks; what its name resolves to is checked when it is called."""
    try:
        parts = urlsplit(checked_url(url))
        host = parts.hostname or ""
    except (BadSetting, ValueError):
        return [_url("It must be an https URL with a host name.", "Harus berupa URL https dengan nama host.")]
    if parts.username is not None or parts.password is not None:
        return [_url("It may not contain a user or password.", "Tidak boleh memuat nama pengguna atau sandi.")]
    if "#" in url:
        return [_url("It may not have a fragment (#).", "Tidak boleh memiliki fragmen (#).")]
    local = host == "localhost" or is_loopback(host)
    if local and loopback:
        return []
    if parts.scheme != "https":
        return [_url("It must be an https URL.", "Harus berupa URL https.")]
    if local or (_is_address(host) and not is_public(host)):
        return [_url("Its host must have a public address.", "Host harus memiliki alamat publik.")]
    return []


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _url(english: str, indonesian: str) -> Problem:
    return Problem("url", ProblemCode.NOT_ALLOWED, Bilingual(english, indonesian))


def _empty(field: str) -> Problem:
    text = Bilingual("Name at least one, or omit the list for all.", "Isi sedikitnya satu, atau kosongkan untuk semua.")
    return Problem(field, ProblemCode.REQUIRED, text)


def _unknown(field: str, allowed: Collection[str] | None) -> Problem:
    if allowed is None:
        text = Bilingual(
            "One is not a system whose changes you may follow.", "Ada sistem yang perubahannya tidak boleh Anda ikuti."
        )
    else:
        names = ", ".join(allowed)
        text = Bilingual(f"One is no kind; the kinds are {names}.", f"Ada jenis yang tidak dikenal; yang ada {names}.")
    return Problem(field, ProblemCode.UNKNOWN, text)
