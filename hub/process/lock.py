"""One process at a time for one data folder.

The lock is flock(2) on a file, which belongs to the open file and not to the process: PostgreSQL
inherits it, so it is held until the hub *and* its database are gone, however either died.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from hub.errors import BadSetting


class FolderInUse(BadSetting):
    """Another process works in the data folder."""


class FolderLock:
    """The lock of ``folder``, held from ``take`` to ``release``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fd = -1

    def take(self, patience: float = 10.0) -> None:
        """Take it, or raise ``FolderInUse``; waits ``patience`` seconds when who took it is dead.

        A database whose hub was killed ends by itself within moments, and then lets go.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self.fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while not self._try():
            holder = int(os.pread(self.fd, 20, 0).strip() or b"0")
            if _alive(holder) or time.monotonic() > until:
                self._close()
                raise FolderInUse(
                    f"The data folder {self._folder} is in use by process {holder}; "
                    "stop that one, or set HUB_DATA_DIR to another folder."
                )
            time.sleep(0.05)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(os.getpid()).encode(), 0)

    def _try(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go; harmless when it is not held. A database that lingers for a moment holds it in nobody's name."""
        if self.fd >= 0:
            os.ftruncate(self.fd, 0)
            self._close()

    def _close(self) -> None:
        os.close(self.fd)
        self.fd = -1


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
