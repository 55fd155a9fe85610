"""The packages that a lock file installs on this platform."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
RUN = "requirements.run.lock"
"""What the container installs."""
LOCAL = "requirements.local.lock"
"""What ``make run`` adds to it."""
DEVELOPMENT = "requirements.lock"


def packages(lock: str) -> list[str]:
    """Canonical names, sorted. A package whose marker does not hold here, such as one for Windows, is left out."""
    lines = (ROOT / lock).read_text().splitlines()
    pins = [Requirement(line.removesuffix("\\")) for line in lines if line[:1].isalnum()]
    return sorted({canonicalize_name(pin.name) for pin in pins if pin.marker is None or pin.marker.evaluate()})
