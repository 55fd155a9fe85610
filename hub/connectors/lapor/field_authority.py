"""The fields that a complaint shares with a report at LAPOR: the authority over each, and its value. Pure."""

from __future__ import annotations

from hub.complaints.agencies import normalise_name
from hub.complaints.field_authority import Authority, SharedField, Value
from hub.connectors.lapor.labels import category_of, class_of
from hub.connectors.lapor.statuses import COMPLAINT_STATUS, LEAVES, OWN_STEPS, UNDER_WAY, UNTOUCHED
from hub.connectors.lapor.transitions import moved_at, since
from hub.contract import Record
from hub.kinds import Report, ReportStatus

SHARED = (
    SharedField(
        "status",
        Authority.LATEST,
        "Pusat dan daerah sama-sama mengubah status; perubahan terakhir berlaku.",
        "Both sides change the status; the latest change applies.",
        LEAVES,
    ),
    SharedField(
        "agency",
        Authority.MANUAL,
        "Pusat dan meja pengaduan sama-sama mendisposisi; jika berbeda, petugas memutuskan siapa yang menjawab.",
        "Centre and desk both assign reports; if they differ, a person decides who answers.",
    ),
    SharedField(
        "class",
        Authority.LOCAL,
        "Batas waktu provinsi berjalan menurut klasifikasi yang ditetapkan meja pengaduan.",
        "The province's deadlines run by the class its desk gave.",
    ),
    SharedField(
        "category",
        Authority.LOCAL,
        "Kategori hub dipakai untuk memilih perangkat daerah; daftar pusat berbeda.",
        "The hub's categories choose the agency; the centre's list is another one.",
    ),
    SharedField(
        "area",
        Authority.LOCAL,
        "Pelapor menunjuk tempatnya di sini; lokasi di pusat lebih kasar.",
        "The reporter named the place here; the centre's locations are coarser.",
    ),
    SharedField(
        "title",
        Authority.LOCAL,
        "Yang ditulis pelapor di sini tetap; suntingan pusat terlihat pada laporannya.",
        "What the reporter wrote here stays; the centre's edit is shown with its report.",
    ),
    SharedField(
        "text",
        Authority.LOCAL,
        "Yang ditulis pelapor di sini tetap; suntingan pusat terlihat pada laporannya.",
        "What the reporter wrote here stays; the centre's edit is shown with its report.",
    ),
    SharedField(
        "anonymous",
        Authority.MANUAL,
        "Anonimitas pelapor tidak pernah diubah secara otomatis.",
        "A reporter's anonymity is never changed automatically.",
    ),
    SharedField(
        "secret",
        Authority.MANUAL,
        "Kerahasiaan laporan tidak pernah diubah secara otomatis.",
        "A report's secrecy is never changed automatically.",
    ),
)

_PROVINCE = frozenset(normalise_name(name) for name in ("Pemerintah Provinsi Jawa Tengah", "Pemprov Jateng"))


def shared_values(record: Record) -> dict[str, Value]:
    """Return the values of the shared fields in ``record``, without title and text: prose has one place only."""
    facts = record.facts
    assert isinstance(facts, Report)
    codes = {
        "class": class_of(facts.classification),
        "category": category_of(facts.category),
        "area": facts.area_code,
        "anonymous": str(facts.anonymous).lower(),
        "secret": str(facts.secret).lower(),
    }
    values = {name: Value(record.updated_at, code) for name, code in codes.items() if code}
    for name, value in (("status", _status(record, facts)), ("agency", _agency(record, facts))):
        if value:
            values[name] = value
    return values


def _status(record: Record, facts: Report) -> Value | None:
    """Return the status and when LAPOR last changed it; an edit of the text does not count.

    Steps of LAPOR's own desk do not count, nor intermediate steps of an institution outside the province; that
    institution's answer and the final status do.
    """
    status = ReportStatus(record.status)
    complaint_status = COMPLAINT_STATUS[status]
    if complaint_status is None or status in OWN_STEPS or (status in UNDER_WAY and _assigned_elsewhere(facts)):
        return None
    return Value(moved_at(record, facts), complaint_status.value)


def _agency(record: Record, facts: Report) -> Value | None:
    """Return the agency of the province that must answer, once the report was forwarded to it.

    Before that, the report names the agency that its sender requested, and the sender may be the hub. The institution
    that owns a report need not answer it.
    """
    if record.status in UNTOUCHED or facts.disposition is None or facts.agency_code is None:
        return None
    return Value(since(record, facts, "DISPOSITION"), facts.agency_code)


def _assigned_elsewhere(facts: Report) -> bool:
    assignee = facts.disposition
    return assignee is not None and facts.agency_code is None and normalise_name(assignee) not in _PROVINCE
