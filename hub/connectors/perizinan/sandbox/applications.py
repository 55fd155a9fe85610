"""The applications of the perizinan sandbox, computed from the permits of the demo world.

Ids tell where a row came from: from 100,000 the permits that OSS has too, from 400,000 the second copies of some of
them, from 500,000 applications at the counter, which OSS does not have, and from 700,000 what was created here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from hub.complaints.agencies import BY_CODE as AGENCIES
from hub.demo.businesses import Business, BusinessWorld, Project, business_of_permit
from hub.demo.months import JAKARTA
from hub.demo.permit_stages import APP_STATUSES
from hub.demo.permit_types import PermitType
from hub.demo.permits import Permit

Place = tuple[int, int]
PERMITS, COPIES, COUNTER, CREATED = 100_000, 400_000, 500_000, 700_000
OLD = datetime(2026, 1, 1, tzinfo=JAKARTA)
"""Rows entered before have times without a zone, in whole minutes."""
EDITION_2025 = datetime(2026, 6, 1, tzinfo=JAKARTA)
"""From this day on, the app notes the edition of 2025."""


@dataclass
class Application:
    """One row. ``applicant`` is personal data; ``id_izin`` is None for applications at the counter."""

    id: int
    nomor: str
    id_izin: str | None
    nib: str
    id_proyek: str
    kd_izin: str
    nama_izin: str
    sektor: str
    kewenangan: str
    dinas: str
    wilayah: str
    kbli: str | None
    kbli_edisi: int | None
    skala: str | None
    kode: str
    sejak: datetime
    diubah_pada: datetime
    nomor_izin: str | None = None
    tgl_izin: date | None = None
    berlaku_sampai: date | None = None
    catatan: str = ""
    applicant: dict[str, str] = field(default_factory=dict)
    touched: bool = False
    """Whether anything was changed here, so that the row is not the demo world's any more."""

    @property
    def place(self) -> Place:
        """The place in the listing: the second of the last change, then the id."""
        return _place(self.diubah_pada, self.id)


class Applications:
    """Computes the rows of a world by id."""

    def __init__(self, world: BusinessWorld) -> None:
        self._world = world

    def places(self) -> Iterator[tuple[Place, str | None]]:
        """Yield the place of each row in the listing, and its ``id_izin``."""
        for number in range(self._world.count):
            business = self._world.business(number)
            for permit in business.permits:
                if not permit.absent:
                    yield _place(_changed(permit), PERMITS + permit.number), permit.id
                    if permit.number % 200 == 13:
                        yield _place(_copied(permit), COPIES + permit.number), None
            if number % 40 == 3:
                yield _place(_at_the_counter(business).diubah_pada, COUNTER + number), None

    def one(self, id_: int) -> Application | None:
        """Return the row of that id as it is in the demo world, which must have it."""
        if id_ >= COUNTER:
            return _at_the_counter(self._world.business(id_ - COUNTER))
        number = (id_ - PERMITS) % (COPIES - PERMITS)
        business = self._world.business(business_of_permit(number))
        permit = next(permit for permit in business.permits if permit.number == number)
        return _copy(business, permit) if id_ >= COPIES else _of_permit(business, permit)


def number_of(application: Application) -> int:
    """Return a number that decides which irregularities a row shows."""
    return application.id % PERMITS


def _of_permit(business: Business, permit: Permit) -> Application:
    project = next(project for project in business.projects if project.id == permit.project_id)
    last, given = permit.steps_at(centre=False)[-1], permit.licence(centre=False)
    row = _application(PERMITS + permit.number, business, project, permit.type, permit.applied_at, permit.number)
    return replace(
        row,
        id_izin=permit.id,
        kewenangan=permit.authority,
        kode=APP_STATUSES[last.stage],
        sejak=_changed(permit),
        diubah_pada=_changed(permit),
        nomor_izin=given.number if given else None,
        tgl_izin=given.issued_on if given else None,
        berlaku_sampai=given.valid_until if given else None,
    )


def _copy(business: Business, permit: Permit) -> Application:
    """Return the copy that another office had entered before the two offices were merged."""
    original = _of_permit(business, permit)
    entered = _copied(permit)
    return replace(
        original,
        id=COPIES + permit.number,
        id_izin=None,
        kode="DITERIMA",
        sejak=entered,
        diubah_pada=entered,
        nomor_izin=None,
        tgl_izin=None,
        berlaku_sampai=None,
        catatan="Data gabungan kantor lama",
    )


def _at_the_counter(business: Business) -> Application:
    project = business.projects[0]
    at = business.registered_at + timedelta(hours=20)
    return _application(
        COUNTER + business.number, business, project, project.line.types[0], at, 600_000 + business.number
    )


def _application(
    id_: int, business: Business, project: Project, type_: PermitType, at: datetime, number: int
) -> Application:
    agency = AGENCIES[type_.agency_code]
    names = (agency.name, *agency.aliases)
    return Application(
        id=id_,
        nomor=f"PTSP-{at.astimezone(JAKARTA).year}-{number:06}",
        id_izin=None,
        nib=business.nib,
        id_proyek=project.id,
        kd_izin=type_.code,
        nama_izin=type_.name,
        sektor=business.sector.value,
        kewenangan=type_.authority,
        dinas=names[id_ % len(names)],
        wilayah=business.area_code,
        kbli=project.line.kbli,
        kbli_edisi=2025 if at >= EDITION_2025 else 2020,
        skala=project.scale,
        kode="DITERIMA",
        sejak=_entered(at),
        diubah_pada=_entered(at),
        applicant={
            "nama": business.owner,
            "npwp": business.npwp,
            "telepon": business.phone,
            "alamat": f"Jalan Umpama {business.number}",
        },
    )


def _entered(at: datetime) -> datetime:
    """Return a time as it was entered: before 2026 in whole minutes."""
    return at.replace(second=0, microsecond=0) if at < OLD else at.replace(microsecond=0)


def _changed(permit: Permit) -> datetime:
    return _entered(permit.steps_at(centre=False)[-1].at)


def _copied(permit: Permit) -> datetime:
    return _entered(permit.applied_at + timedelta(hours=3))


def _place(at: datetime, id_: int) -> Place:
    return int(at.timestamp()), id_
