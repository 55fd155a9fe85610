"""The reports of the LAPOR sandbox: those the demo complaints cite, and others of the same year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from hub.complaints.categories import BY_CODE as CATEGORIES
from hub.complaints.enums import ComplaintStatus
from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.statuses import COMPLAINT_STATUS, REPORT_STATUS
from hub.demo.shapes import CitedReport, DemoComplaint
from hub.demo.world import SEED, DemoWorld
from hub.kinds import ReportStatus as Status

SIZE = 6_000
"""How many reports the sandbox has by default."""
UNKNOWN_STATUS = "Ditelaah Ulang"
"""A status name that no contract mentions."""

_MAIN = (Status.UNVERIFIED, Status.VERIFIED, Status.DISPOSED, Status.IN_PROGRESS, Status.FOLLOWED_UP, Status.CLOSED)
_WEIGHTS = {**dict.fromkeys(_MAIN, 2), Status.CLOSED: 24, Status.IN_PROGRESS: 4, Status.REJECTED: 3}
_WEIGHTS |= {Status.POSTPONED: 1, Status.TRANSFERRED: 1}
_TOPICS = (
    ("ROADS", "DPUBMCK", "Jalan berlubang"),
    ("PUBLIC_TRANSPORT", "DISHUB", "Bus datang terlambat"),
    ("SOCIAL_AID", "DINSOS", "Bantuan sosial belum diterima"),
    ("EDUCATION", "DISDIKBUD", "Pungutan di sekolah"),
    ("HEALTH", "DINKES", "Antrean layanan kesehatan"),
    ("HOSPITAL", "RSUD-ADHYATMA", "Pendaftaran rawat jalan sulit"),
    ("VEHICLE_TAX", "BAPENDA", "Pembayaran pajak kendaraan gagal"),
    ("WATER", "PUSDATARU", "Saluran irigasi tersumbat"),
    ("ENVIRONMENT", "DLHK", "Pembakaran sampah"),
    ("DIGITAL", "DISKOMINFO", "Situs layanan tidak dapat dibuka"),
)
_OTHERS_ID, _OTHERS_TRACKING = 4_600_000, 7_600_000
"""Above every id that the demo world cites."""
SENT_ID, SENT_TRACKING = 9_000_000, 9_900_000
"""Above every id of the world's own reports; the ids of reports by callers begin here."""


@dataclass(frozen=True, slots=True)
class Move:
    """A status that a report reached: a value of ``ReportStatus``, or an unknown name.

    ``to`` is the institution that had to answer then; None if it has not changed since.
    """

    status: str
    at: datetime
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A follow-up; ``institution`` is None for one of the citizen. ``files`` is the number of attachments."""

    at: datetime
    institution: int | None
    text: str
    files: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A row of the log that does not change the status."""

    at: datetime
    text: str
    to: int | None


@dataclass(slots=True)
class StoredReport:
    """One report of the sandbox. ``moves`` begin with the filing; other numbers are ids of the masters.

    ``edited_at`` is when the desk last edited its text, which does not change the status.
    """

    id: int
    tracking_id: str
    title: str
    content: str
    classification: int
    category: int
    location: int
    channel: int
    institution: int
    disposition: int | None
    anonymous: bool
    secret: bool
    user: dict[str, str | None] | None
    ticket: str | None
    moves: list[Move]
    replies: list[Reply] = field(default_factory=list)
    edited_at: datetime | None = None
    notes: list[Note] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    """Tags besides the ticket."""

    @property
    def status(self) -> str:
        """The current status."""
        return self.moves[-1].status

    @property
    def created_at(self) -> datetime:
        """The time of filing."""
        return self.moves[0].at

    @property
    def updated_at(self) -> datetime:
        """The time of the last change."""
        times = [*(reply.at for reply in self.replies[-1:]), *(note.at for note in self.notes[-1:])]
        return max(self.moves[-1].at, *times, self.edited_at or self.created_at)

    def reach(self, status: str, at: datetime) -> None:
        """Set the status from ``at`` on."""
        self.moves.append(Move(status, at, self.disposition))

    def pass_to(self, institution: int, status: str, at: datetime) -> None:
        """Pass the report to ``institution`` from ``at`` on; earlier moves keep theirs."""
        self.moves = [move if move.to else replace(move, to=self.disposition) for move in self.moves]
        self.disposition = institution
        self.reach(status, at)

    def advance(self, rng: Random, at: datetime) -> None:
        """Advance the report: to its next status, or by a follow-up if it is final."""
        following = _next(self.status)
        if following is None or rng.random() < 0.2:
            self.replies.append(_reply(self.disposition, at, "Terima kasih, laporan sudah kami catat."))
            return
        if following is Status.DISPOSED and self.disposition is None:
            self.disposition = masters.AGENCY_INSTITUTIONS["SETDA"]
        self.reach(following.value, at)
        if following is Status.FOLLOWED_UP:
            self.replies.append(_answer(self.disposition, at))


def year_of_reports(world: DemoWorld, size: int = SIZE) -> list[StoredReport]:
    """Return ``size`` reports of the year: first those of the demo complaints, then others."""
    cited = [_of_complaint(c, c.report) for c in world.citing if c.report is not None]
    rng = Random(f"{SEED} lapor {world.today}")
    last = max(report.updated_at for report in cited)
    return cited + [other(number, _some_time(rng, last), last, rng) for number in range(size - len(cited))]


def numbers(number: int) -> tuple[int, str]:
    """Return the id and tracking id of the world's own report of that number."""
    return _OTHERS_ID + 11 * number, str(_OTHERS_TRACKING + 3 * number)


def next_number(ids: Iterable[int]) -> int:
    """Return the number after the last of the world's own reports."""
    own = [number for number in ids if _OTHERS_ID <= number < SENT_ID]
    return (max(own) - _OTHERS_ID) // 11 + 1 if own else 0


def other(number: int, created: datetime, last: datetime, rng: Random) -> StoredReport:
    """Return a report that no complaint cites; about half of them concern the province."""
    category, agency, topic = rng.choice(_TOPICS)
    ours = rng.random() < 0.5
    area = rng.choice(list(masters.AREA_LOCATIONS.values()))
    elsewhere = rng.choice(sorted(masters.OTHER_INSTITUTIONS))
    status = _some_status(number, created, last, rng)
    updated = created + (last - created) * rng.random() * 0.3
    anonymous, secret = rng.random() < 0.1, rng.random() < 0.03
    id_, tracking_id = numbers(number)
    report = StoredReport(
        id=id_,
        tracking_id=tracking_id,
        title=f"{topic} di {masters.LOCATIONS[area][0]}",
        content=f"{topic} sejak beberapa hari. Mohon diperiksa dan ditindaklanjuti.",
        classification=rng.choice((6, 6, 6, 7, 8)),
        category=masters.CATEGORY_IDS[category],
        location=area if ours else rng.choice((34, 1101, 1102, 1103, area)),
        channel=rng.choice(list(masters.CHANNELS)),
        institution=masters.PROVINCE if ours else elsewhere,
        disposition=None,
        anonymous=anonymous,
        secret=secret,
        user=None if anonymous or secret else _invented(number),
        ticket=None,
        moves=list(_course(status, created, updated)),
    )
    if len(report.moves) > 2:
        report.disposition = masters.AGENCY_INSTITUTIONS[agency] if ours else elsewhere
    return _answered(report)


def _of_complaint(complaint: DemoComplaint, cited: CitedReport) -> StoredReport:
    person = complaint.reporter
    hidden = complaint.anonymous or complaint.secret
    report = StoredReport(
        id=cited.id,
        tracking_id=cited.tracking_id,
        title=complaint.title,
        content=complaint.text,
        classification=masters.CLASSIFICATION_IDS[complaint.klass],
        category=masters.CATEGORY_IDS.get(complaint.category, masters.CATEGORY_IDS["OTHER"]),
        location=masters.AREA_LOCATIONS[complaint.area_code],
        channel=masters.CHANNEL_IDS.get(complaint.channel, masters.OTHER_CHANNEL),
        institution=masters.PROVINCE,
        disposition=None,
        anonymous=complaint.anonymous,
        secret=complaint.secret,
        user=None if hidden else {"name": person.name, "phone": person.phone, "email": person.email},
        ticket=complaint.ticket,
        moves=list(_course(cited.status, cited.created_at, _reached(complaint, cited))),
        edited_at=cited.updated_at.replace(microsecond=0),
    )
    if len(report.moves) > 2:
        usual = CATEGORIES[complaint.category].agency_code
        report.disposition = masters.AGENCY_INSTITUTIONS[complaint.agency_code or usual]
    return _answered(report)


def _reached(complaint: DemoComplaint, cited: CitedReport) -> datetime:
    """Return when a report reached its status; one behind its complaint reached it earlier."""
    meant = COMPLAINT_STATUS[Status(cited.status)]
    stands, here = meant and REPORT_STATUS[meant], REPORT_STATUS[ComplaintStatus(complaint.status)]
    if stands in _MAIN and here in _MAIN and _MAIN.index(stands) < _MAIN.index(here):
        before = cited.created_at + (complaint.steps[-1].at - cited.created_at) / 2
        return max(cited.created_at, min(before, cited.updated_at))
    return cited.updated_at


def _answered(report: StoredReport) -> StoredReport:
    """Add the follow-ups: the answer, sometimes the citizen's reply, and rarely many."""
    answers = [move for move in report.moves if move.status == Status.FOLLOWED_UP]
    report.replies = [_answer(report.disposition, move.at) for move in answers]
    if answers and report.id % 9 == 0:
        report.replies.append(Reply(report.moves[-1].at, None, "Terima kasih atas jawabannya."))
    if answers and report.id % 97 == 0:
        report.replies += [Reply(report.moves[-1].at, None, "Mohon kabar terbaru.") for _ in range(24)]
    return report


def _answer(institution: int | None, at: datetime) -> Reply:
    text = "<p>Yth. Pelapor, laporan telah kami tindaklanjuti.</p><p>{{institution_from}}</p>"
    return _reply(institution, at, text)


def _reply(institution: int | None, at: datetime, text: str) -> Reply:
    return Reply(at, institution, text, files=0 if institution is None else 1)


def _course(status: str, created: datetime, updated: datetime) -> Iterator[Move]:
    """Yield the statuses up to ``status``, evenly spread; times are whole seconds, as in LAPOR."""
    path = _path(status)
    step = (updated - created) / max(1, len(path) - 1)
    for number, reached in enumerate(path):
        at = updated if number == len(path) - 1 and number else created + step * number
        yield Move(reached, at.replace(microsecond=0))


def _path(status: str) -> Sequence[str]:
    if status in _MAIN:
        return [step.value for step in _MAIN[: _MAIN.index(status) + 1]]
    if status == Status.REJECTED:
        return [Status.UNVERIFIED.value, Status.REJECTED.value]
    return [*(step.value for step in _MAIN[: 4 if status == Status.POSTPONED else 3]), status]


def _next(status: str) -> Status | None:
    if status in (Status.CLOSED, Status.REJECTED):
        return None
    return _MAIN[_MAIN.index(status) + 1] if status in _MAIN else Status.IN_PROGRESS


def _some_status(number: int, created: datetime, last: datetime, rng: Random) -> str:
    """Return mostly CLOSED; one in two thousand is unknown."""
    if number % 2_000 == 999:
        return UNKNOWN_STATUS
    if created >= last:
        return Status.UNVERIFIED.value
    return rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0].value


def _some_time(rng: Random, last: datetime) -> datetime:
    return (last - timedelta(days=1 + 363 * rng.random())).replace(microsecond=0)


def _invented(number: int) -> dict[str, str | None]:
    return {
        "name": f"Warga Contoh {number}",
        "phone": f"+62 899 0000 {number % 10_000:04}",
        "email": f"warga{number}@contoh.example",
    }
