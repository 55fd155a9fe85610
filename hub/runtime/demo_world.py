"""Shares the demo world between ``hub run``, which computes it once, and its sandboxes.

A sandbox waits for the lock of the file, and computes the world itself if the file is empty.
"""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Thread

from hub.demo.world import DemoWorld


@contextmanager
def shared_world(path: Path, today: date) -> Iterator[None]:
    """While the block runs, compute the world that ends ``today`` and write the sandboxes' part of it to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    # Locked before the block starts a sandbox, and until the thread closes it.
    fcntl.flock(fd, fcntl.LOCK_EX)
    # A daemon, so that the end of the run does not wait for it.
    Thread(target=_write, args=(fd, today), name="demo world", daemon=True).start()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _write(fd: int, today: date) -> None:
    with open(fd, "wb") as file:
        file.write(pickle.dumps((today, DemoWorld(today).citing)))


def load_world(path: Path, today: date) -> DemoWorld:
    """Return the world that ends ``today``: read from ``path`` when it is written, otherwise computed."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            content = file.read()
    except FileNotFoundError:
        content = b""
    # Written by `hub run` into the data folder, where only its user may write.
    day, citing = pickle.loads(content) if content else (today, None)  # noqa: S301
    return DemoWorld(today, citing=citing if day == today else None)
