"""The calls of the perizinan sandbox that change something (contract perizinan#writes).

The first answer to a ``kunci`` is the answer to every later call with it. A new status must answer to the row's
present version.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.connectors.perizinan.sandbox.applications import Application
from hub.connectors.perizinan.sandbox.forms import NewApplication, NewStatus, Refused, parse_time
from hub.connectors.perizinan.sandbox.rows import Json, row, shown_id
from hub.connectors.perizinan.sandbox.store import Answer, ApplicationStore
from hub.connectors.sandbox_traps import Traps

_OFFICE = "DPMPTSP"
_OPTIONAL = ("nomor_izin", "tgl_izin", "berlaku_sampai")


class Writes:
    """Applies calls to ``store``; ``now`` returns the present."""

    def __init__(self, store: ApplicationStore, traps: Traps, now: Callable[[], datetime]) -> None:
        self._store, self._traps, self._now = store, traps, now
        self.created = self.changed = self.conflicts = 0

    def new_status(self, id_: int, body: Any) -> Answer:
        """Move a row to a status, or answer that it has changed since ``dasar``."""
        form = NewStatus.read(body)
        if first := self._store.first_answer(form.kunci):
            return first
        application = self._store.get(id_)
        assert application
        if not _is_version(form.dasar, application):
            self.conflicts += 1
            conflict = {"galat": "sudah_berubah", "data": self._row(application)}
            return self._store.keep_answer(form.kunci, (409, conflict))
        changed = self._store.change(application, self._now(), lambda each: _apply(each, form))
        self.changed += 1
        return self._store.keep_answer(form.kunci, (200, {"data": self._row(changed)}))

    def new_application(self, body: Any) -> Answer:
        """Create the row of a permit, or return the one that is there."""
        form = NewApplication.read(body)
        present = self._store.with_permit(form.id_izin)
        # Where nobody can see which permit a row is, the app does not know it either.
        if present and shown_id(present, self._traps) is not None:
            return 200, {"data": self._row(present)}
        now = self._now()
        created = self._store.create(lambda id_: _application(id_, form, now))
        self.created += 1
        return 201, {"data": self._row(created)}

    def _row(self, application: Application) -> Json:
        return row(application, self._traps)


def _apply(application: Application, form: NewStatus) -> None:
    application.kode, application.sejak = form.kode, form.sejak
    for name in _OPTIONAL:
        if name in form.model_fields_set:
            setattr(application, name, getattr(form, name))
    if form.keterangan is not None:
        application.catatan = form.keterangan


def _application(id_: int, form: NewApplication, now: datetime) -> Application:
    return Application(
        id=id_,
        nomor=f"PTSP-{now.year}-{id_}",
        id_izin=form.id_izin,
        nib=form.nib,
        id_proyek=form.id_proyek,
        kd_izin=form.jenis.kode,
        nama_izin=form.jenis.nama,
        sektor=form.sektor,
        kewenangan=form.kewenangan,
        dinas=form.dinas or _OFFICE,
        wilayah=form.wilayah,
        kbli=form.kbli,
        kbli_edisi=form.kbli_edisi,
        skala=form.skala,
        kode=form.status.kode,
        sejak=form.status.sejak,
        diubah_pada=now.replace(microsecond=0),
        nomor_izin=form.nomor_izin,
        tgl_izin=form.tgl_izin,
        berlaku_sampai=form.berlaku_sampai,
        catatan=form.catatan or "",
        touched=True,
    )


def _is_version(basis: str, application: Application) -> bool:
    """Return whether ``dasar`` is the row's version; raise ``Refused`` if it is no time."""
    at = parse_time(basis)
    if at is None:
        raise Refused({"dasar": "tidak sesuai"})
    return at == application.diubah_pada
