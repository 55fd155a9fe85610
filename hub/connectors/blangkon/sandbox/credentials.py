"""The environment variables that the Blangkon connector and its sandbox share."""

from __future__ import annotations

import secrets
from pathlib import Path


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return a new made-up token, and a made-up institution code."""
    token = secrets.token_urlsafe(24)
    return {"HUB_BLANGKON_URL": url, "HUB_BLANGKON_TOKEN": token, "HUB_BLANGKON_KLPD": "D999"}
