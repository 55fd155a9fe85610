"""The businesses of the demo and their permits: a third schools, a third cooperatives, a third trade and industry.

Every business is computed from its number alone, in any order and without the others, and is the same in a world of
any size. Of four businesses one has no permit, and the others have one, two and three.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hub.complaints.areas import AREAS
from hub.demo import licence_numbers as numbers
from hub.demo import places
from hub.demo.dice import SEED, Dice
from hub.demo.months import now
from hub.demo.people import name as person_name
from hub.demo.permit_types import LINES, SECTORS, Line, Sector
from hub.demo.permits import Permit, application_time, course, is_absent, steps_behind
from hub.demo.suppliers import Supplier, registered_suppliers

SIZE = 2_000
"""Businesses by default; they have 3,000 permits."""
FULL_SIZE = 20_000
"""Businesses of the whole province; they have 30,000 permits."""
FOUNDATION, COOPERATIVE, COMPANY, PARTNERSHIP, PERSON = "10", "07", "01", "02", "17"
"""Legal forms, as OSS writes them (``jenis_perseroan``)."""
_FORMS = {"PT": COMPANY, "CV": PARTNERSHIP, "UD": PERSON, "Toko": PERSON, "Warung": PERSON}
_PREFIXES = {Sector.EDUCATION: ("Yayasan",), Sector.COOPERATIVES: ("Koperasi",), Sector.TRADE: tuple(_FORMS)}
_FIRST = ("Bina", "Cipta", "Tunas", "Mitra", "Karya", "Sumber", "Budi", "Surya", "Harapan", "Sari", "Panca", "Tirta")
_SECOND = ("Utama", "Mandiri", "Luhur", "Makmur", "Sejahtera", "Abadi", "Lestari", "Bersama", "Jaya", "Mulya", "Asri")
_PERMITS, _BEFORE = (1, 2, 3, 0), (0, 1, 3, 6)
"""Permits of the businesses of each four, and of those before them."""


@dataclass(frozen=True, slots=True)
class Project:
    """One project (``data_proyek``): a line of business at a place."""

    id: str
    line: Line
    scale: str
    risk: str
    investment: int


@dataclass(frozen=True, slots=True)
class Business:
    """One business. ``owner`` and ``phone`` are personal data; ``number`` counts the world's businesses from 0."""

    number: int
    nib: str
    npwp: str
    oss_id: str
    name: str
    form: str
    sector: Sector
    area_code: str
    owner: str
    phone: str
    registered_at: datetime
    projects: tuple[Project, ...]
    permits: tuple[Permit, ...]
    supplier: Supplier | None

    @property
    def own_number(self) -> tuple[str, str] | None:
        """The number in the register of its sector, with the register's name: NPSN or NIK koperasi."""
        if self.sector is Sector.EDUCATION:
            return "NPSN", f"699{self.number:05}"
        if self.sector is Sector.COOPERATIVES:
            return "NIK Koperasi", f"3399{self.number:09}"
        return None


class BusinessWorld:
    """The businesses with the numbers below ``count``, as they are at the beginning of ``today`` in Jakarta."""

    def __init__(self, today: date, count: int = SIZE, seed: int = SEED) -> None:
        self.today, self.count, self.seed = today, count, seed
        self._now = now(today)
        self._suppliers = registered_suppliers(seed)

    @property
    def permits(self) -> int:
        """The number of their permits."""
        return permits_before(self.count)

    def business(self, number: int) -> Business:
        """Return the business of that number, even if it is not below ``count``: such a one is not registered yet."""
        rng = Dice(f"{self.seed} {self.today} business {number}")
        supplier, sector = self._supplier(number), SECTORS[number % 3]
        line = rng.pick(LINES[sector])
        permits = _PERMITS[number % 4]
        applied = [application_time(self._now, rng) for _ in range(permits)]
        registered = min([self._now, *applied]) - timedelta(days=1 + int(rng.random() * 60))
        projects = self._projects(number, registered, line, rng)
        return Business(
            number=number,
            nib=numbers.nib(number),
            npwp=numbers.npwp(number),
            oss_id=numbers.oss_id(number, registered),
            name=supplier.name if supplier else _name(number, sector, rng),
            form=_form(sector, supplier, number),
            sector=sector,
            area_code=supplier.area_code if supplier else _area(number, rng),
            owner=person_name(rng),
            phone=f"08{11 + number % 80} 0000 {number % 10_000:04}",
            registered_at=registered,
            projects=projects,
            permits=tuple(self._permit(number, place, at, projects, rng) for place, at in enumerate(sorted(applied))),
            supplier=supplier,
        )

    def _supplier(self, number: int) -> Supplier | None:
        """Return the supplier that this business is: the first businesses of trade are the suppliers."""
        place = number // 3
        return self._suppliers[place] if number % 3 == 2 and place < len(self._suppliers) else None

    def _projects(self, number: int, at: datetime, line: Line, rng: Dice) -> tuple[Project, ...]:
        return tuple(
            Project(
                id=numbers.project_id(number, place, at),
                line=line,
                scale=f"{rng.choices((1, 2, 3, 4), (60, 25, 10, 5))[0]:02}",
                risk=rng.pick(("R", "MR", "MT", "T")),
                investment=rng.randrange(5, 5_000) * 1_000_000,
            )
            for place in range(2 if number % 4 == 2 else 1)
        )

    def _permit(self, business: int, place: int, at: datetime, projects: tuple[Project, ...], rng: Dice) -> Permit:
        """Return a permit. The first two of three are of one project, and now and then of one type too."""
        number = permits_before(business) + place
        project = projects[place // 2]
        type_ = project.line.types[place % 2 if business % 50 > 1 else 0]
        steps = course(at, self._now, rng)
        return Permit(
            number=number,
            id=numbers.permit_id(number, at),
            project_id=project.id,
            type=type_,
            authority=type_.authority,
            steps=steps,
            behind=steps_behind(steps, rng),
            absent=is_absent(rng),
        )


def permits_before(business: int) -> int:
    """Return how many permits the businesses before this one have."""
    return business // 4 * 6 + _BEFORE[business % 4]


def business_of_permit(permit: int) -> int:
    """Return the number of the business that has the permit of that number."""
    block, place = divmod(permit, 6)
    return block * 4 + sum(place >= before for before in _BEFORE[1:3])


def _name(number: int, sector: Sector, rng: Dice) -> str:
    prefixes = _PREFIXES[sector]
    return f"{prefixes[number // 3 % len(prefixes)]} {rng.pick(_FIRST)} {rng.pick(_SECOND)} {number}"


def _form(sector: Sector, supplier: Supplier | None, number: int) -> str:
    if sector is Sector.EDUCATION:
        return FOUNDATION
    if sector is Sector.COOPERATIVES:
        return COOPERATIVE
    return _FORMS[supplier.form if supplier else _PREFIXES[sector][number // 3 % len(_FORMS)]]


def _area(number: int, rng: Dice) -> str:
    """Return an area: the first businesses go round all of them, so that each has some."""
    return AREAS[number // 3 % len(AREAS)].code if number < 3 * len(AREAS) else places.areas(1, rng)[0]
