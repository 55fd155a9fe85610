"""Flushes files to disk, so that they survive a crash of the machine."""

from __future__ import annotations

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Return after the content of a file, or the names in a folder, are on disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
