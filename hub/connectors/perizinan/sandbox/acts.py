"""Actions of the region's officers, which a person can trigger at the control endpoint of the perizinan sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.connectors.perizinan.sandbox.applications import Application
from hub.connectors.perizinan.sandbox.store import ApplicationStore
from hub.demo.months import JAKARTA
from hub.demo.permit_stages import APP_STATUSES, OPEN
from hub.demo.permit_types import CENTRE
from hub.demo.permits import licence

ACTS = {
    "status": (
        "moves the row `id` or `id_izin`, or without one an open row that the region decides, to the status `kode`, "
        "whoever decides it; TERBIT issues the permit"
    ),
    "back": "gives the row `id` or `id_izin` the status and the licence that it had before its last change",
    "edit": "gives the row `id` or `id_izin` another `kewenangan`, `kbli`, `skala`, `wilayah` or `nomor_izin`",
    "counter": "enters an application at the counter, a copy of the row `id` or `id_izin` without its id_izin",
    "unlink": "takes the id_izin from the row `id` or `id_izin`",
    "remove": "takes the row `id` or `id_izin` away",
}
_Command = Mapping[str, Any]
_OPEN = frozenset(APP_STATUSES[stage] for stage in OPEN)
_EDITED = ("kewenangan", "kbli", "skala", "wilayah", "nomor_izin")
_RESTORED = ("kode", "sejak", "nomor_izin", "tgl_izin", "berlaku_sampai")


class Acts:
    """Changes ``store`` as officers do."""

    def __init__(self, store: ApplicationStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._before: dict[int, Application] = {}

    def act(self, command: _Command) -> dict[str, Any]:
        """Do ``command["do"]``; return the row's id, permit, status and version, or raise ``ValueError``."""
        known: dict[str, Callable[[Application, _Command], Application]] = {
            "status": self._status,
            "back": self._back,
            "edit": self._edit,
            "counter": self._counter,
            "unlink": self._unlink,
            "remove": self._remove,
        }
        do = known.get(str(command.get("do")))
        if do is None:
            raise ValueError(f"there is no act {command.get('do')!r}")
        done = do(self._named(command), command)
        return {"id": done.id, "id_izin": done.id_izin, "kode": done.kode, "diubah_pada": _iso(done.diubah_pada)}

    def reach(self, application: Application, code: str) -> Application:
        """Move a row to a status; TERBIT gives it a licence, unless it has one."""
        now = self._now().replace(microsecond=0)

        def apply(each: Application) -> None:
            each.kode, each.sejak = code, now
            if code == "TERBIT" and each.nomor_izin is None:
                given = licence(each.id, now)
                each.nomor_izin, each.tgl_izin, each.berlaku_sampai = given.number, given.issued_on, given.valid_until

        return self._change(application, apply)

    def enter(self, application: Application) -> Application:
        """Enter a copy of a row at the counter."""
        now = self._now().replace(microsecond=0)
        return self._store.create(
            lambda id_: replace(
                application,
                id=id_,
                nomor=f"PTSP-{now.astimezone(JAKARTA).year}-{id_}",
                id_izin=None,
                kode="DITERIMA",
                sejak=now,
                diubah_pada=now,
                nomor_izin=None,
                tgl_izin=None,
                berlaku_sampai=None,
                touched=True,
            )
        )

    def _status(self, application: Application, command: _Command) -> Application:
        code = command.get("kode")
        if not isinstance(code, str) or not code:
            raise ValueError("kode is the status to move to, such as TERBIT")
        return self.reach(application, code)

    def _back(self, application: Application, command: _Command) -> Application:
        before = self._before.get(application.id)
        if before is None:
            raise ValueError("the row has no change to take back")
        kept = {name: getattr(before, name) for name in _RESTORED}

        def apply(each: Application) -> None:
            for name, value in kept.items():
                setattr(each, name, value)

        return self._change(application, apply)

    def _edit(self, application: Application, command: _Command) -> Application:
        changes = {name: command[name] for name in _EDITED if isinstance(command.get(name), str)}
        if not changes:
            raise ValueError(f"name a text for one of {', '.join(_EDITED)}")

        def apply(each: Application) -> None:
            for name, value in changes.items():
                setattr(each, name, value)

        return self._change(application, apply)

    def _counter(self, application: Application, command: _Command) -> Application:
        return self.enter(application)

    def _unlink(self, application: Application, command: _Command) -> Application:
        def apply(each: Application) -> None:
            each.id_izin = None

        return self._change(application, apply)

    def _remove(self, application: Application, command: _Command) -> Application:
        self._store.remove(application)
        return application

    def remember(self, application: Application) -> None:
        """Note how a row was before a change, for the act ``back``."""
        self._before[application.id] = application

    def _change(self, application: Application, apply: Callable[[Application], object]) -> Application:
        self.remember(application)
        return self._store.change(application, self._now(), apply)

    def _open_in_the_region(self) -> Application:
        """Return an application from OSS that the region decides."""
        for id_ in reversed(self._store.ids()):
            row = self._store.get(id_)
            if row and row.id_izin and row.kewenangan != CENTRE and row.kode in _OPEN:
                return row
        raise ValueError("the region has no open row: name one by id or id_izin")

    def _named(self, command: _Command) -> Application:
        id_, permit = command.get("id"), command.get("id_izin")
        if command["do"] == "status" and id_ is permit is None:
            return self._open_in_the_region()
        found = self._store.get(id_) if isinstance(id_, int) else self._store.with_permit(str(permit))
        if found is None:
            raise ValueError("there is no row of this id or id_izin")
        return found


def _iso(at: datetime) -> str:
    return at.astimezone(JAKARTA).isoformat(timespec="seconds")
