"""Keys for development, generated once and stored in the data folder; in production they are settings."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from hub.runtime.durability import fsync
from hub.settings import KEY_BYTES, Settings


def with_keys(settings: Settings) -> Settings:
    """Return ``settings`` with its missing keys. The same data folder always has the same keys."""
    if settings.pii_keys and settings.secret_key:
        return settings
    assert not settings.production, "in production the settings are refused without keys"
    return settings.model_copy(
        update={
            "pii_keys": settings.pii_keys or (SecretStr(load_or_create(settings.data_dir / "pii_key")),),
            "secret_key": settings.secret_key or SecretStr(load_or_create(settings.data_dir / "secret_key")),
        }
    )


def write_private(path: Path, text: str) -> Path:
    """Write ``text`` to ``path`` atomically, with mode 0600; return ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_temporary(path, text).replace(path)
    fsync(path.parent)
    return path


def _write_temporary(path: Path, text: str) -> Path:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fsync(fresh)
    return fresh


def load_or_create(path: Path) -> str:
    """Return 32 random bytes in base64, stored at ``path`` with mode 0600 so that the next process has the same.

    They are flushed to disk before anything is encrypted with them, so that a crash of the machine cannot lose the key
    alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = _write_temporary(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    try:
        # Of several processes that start at once one creates the file, and all read it.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    fsync(path.parent)
    return path.read_text()
