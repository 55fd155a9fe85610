"""Checks of the settings in production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hub.secret_strength import has_guessable_password, is_guessable
from hub.settings.reading import describe, variable_name

if TYPE_CHECKING:
    from hub.settings.model import Settings

_DATABASE_URLS = {
    "database_url": "POSTGRES_PASSWORD",
    "database_pooler_url": "POSTGRES_PASSWORD",
    "migration_database_url": "POSTGRES_OWNER_PASSWORD",
}
"""Settings with a password of the database, and the variable of docker-compose.yml that it comes from."""


def production_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each problem in production."""
    for name in ("database_url", "public_url", "pii_keys", "secret_key"):
        if not getattr(settings, name):
            missing = variable_name(type(settings), name)
            yield f"{missing} is missing in production: set it to {describe(type(settings), name)}."
    if settings.public_url and not settings.public_url.startswith("https:"):
        yield "HUB_PUBLIC_URL is refused in production without https: set it to the URL of the proxy."
    for name in ("demo_officer_token", "query_token", "demo_day"):
        if getattr(settings, name):
            yield f"{variable_name(type(settings), name)} is refused in production: unset it."
    for name, compose in _DATABASE_URLS.items():
        if has_guessable_password(getattr(settings, name) or ""):
            yield (
                f"{variable_name(type(settings), name)} is refused in production with a guessable password: give the "
                f"database's user one such as from `openssl rand -hex 24` ({compose} in docker-compose.yml)."
            )
    for name, keys in (("secret_key", (settings.secret,)), ("pii_keys", settings.sealing_keys)):
        if any(is_guessable(key) for key in keys if key):
            yield (
                f"{variable_name(type(settings), name)} is refused in production, because it is guessable: "
                f"set it to {describe(type(settings), name)}."
            )
