"""Keys for development, made up once and kept in the data folder; in production they are settings."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from hub.settings import KEY_BYTES, Settings


def with_keys(settings: Settings) -> Settings:
    """``settings`` with the keys it lacks. The same data folder always gives the same ones."""
    if settings.pii_keys and settings.secret_key:
        return settings
    assert not settings.production, "in production the settings are refused without keys"
    return settings.model_copy(
        update={
            "pii_keys": settings.pii_keys or (SecretStr(kept(settings.data_dir / "pii_key")),),
            "secret_key": settings.secret_key or SecretStr(kept(settings.data_dir / "secret_key")),
        }
    )


def write_private(path: Path, text: str) -> Path:
    """Write ``text`` to ``path`` whole or not at all, with mode 0600; ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _fresh(path, text).replace(path)


def _fresh(path: Path, text: str) -> Path:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return fresh


def kept(path: Path) -> str:
    """32 random bytes in base64, kept at ``path`` with mode 0600 so that the next process has the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _fresh(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    try:
        # Of several processes that start at once one wins, and all read what it wrote.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text()
