"""The environment variables that the perizinan connector and its sandbox share."""

from __future__ import annotations

import secrets
from pathlib import Path


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return a new made-up key."""
    return {"HUB_PERIZINAN_URL": url, "HUB_PERIZINAN_KEY": secrets.token_urlsafe(24)}
