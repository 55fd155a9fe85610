"""Locks a data folder for one process at a time.

Two files are locked by flock(2), which belongs to the open file and not to the process. PostgreSQL inherits both, so
they stay locked until the hub *and* its database have exited, in whatever way. One file is in the folder, where another
container that shares it sees it. The other is outside, named after the folder's path, so that a second database cannot
start after the folder of a running one was removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from pathlib import Path

from hub.errors import BadSetting


class FolderInUse(BadSetting):
    """Another process uses the data folder."""


class FolderRemoved(FolderInUse):
    """The data folder was removed while another process used it."""


class FolderLock:
    """The lock of ``folder`` from ``acquire`` to ``release``; ``fds`` are the locked open files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.fds: tuple[int, ...] = ()

    def acquire(self, timeout: float = 10.0) -> None:
        """Lock the folder, or raise ``FolderInUse``; waits ``timeout`` seconds if the owner of the lock has exited.

        A database whose hub was killed exits within moments, and then releases the lock.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout
        try:
            inside = _lock(self._folder / "lock", deadline)
        except _LockedBy as holder:
            raise FolderInUse(
                f"The data folder {self._folder} is in use by process {holder}; "
                "stop that one, or set HUB_DATA_DIR to another folder."
            ) from None
        try:
            self.fds = (inside, _lock(_outside_path(self._folder), deadline))
        except _LockedBy as holder:
            os.close(inside)
            raise FolderRemoved(
                f"The data folder {self._folder} was removed while process {holder} worked in it; stop that one first."
            ) from None

    def release(self) -> None:
        """Release the lock; does nothing without a lock. A database that is still exiting has no owner then."""
        for fd in self.fds:
            os.ftruncate(fd, 0)
            os.close(fd)
        self.fds = ()


class _LockedBy(Exception):
    """Another process has the lock; its id, 0 if it is unknown."""


def _lock(path: Path, deadline: float) -> int:
    """Open and lock the file at ``path``; ``_LockedBy`` if a live process has it, or any process until ``deadline``."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    while not _try_lock(fd):
        holder = int(os.pread(fd, 20, 0).strip() or b"0")
        if _is_alive(holder) or time.monotonic() > deadline:
            os.close(fd)
            raise _LockedBy(holder)
        time.sleep(0.05)
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd


def is_unchanged(folder: Path, inode: int) -> bool:
    """Return whether ``folder`` still has the lock file with this inode: it was neither removed nor created again."""
    return inode_of(folder) == inode


def inode_of(folder: Path) -> int:
    """Return the inode of the folder's lock file, 0 without one."""
    try:
        return (folder / "lock").stat().st_ino
    except FileNotFoundError:
        return 0


def _outside_path(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hub-{os.geteuid()}-{name}.lock"


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
