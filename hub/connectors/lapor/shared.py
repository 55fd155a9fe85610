"""What a complaint here and a report at the centre both hold: who has the say, and what a report says of it. Pure."""

from __future__ import annotations

from hub.complaints.agencies import normalised
from hub.connectors.base import Record
from hub.connectors.lapor.labels import category_of, class_of
from hub.connectors.lapor.moves import moved_at, since
from hub.connectors.lapor.statuses import HERE, LEAVES, OWN_STEPS, UNDER_WAY, UNTOUCHED
from hub.connectors.sharing import Authority, Shared, Told
from hub.kinds import Report, ReportStatus

SHARED = (
    Shared(
        "status",
        Authority.LATEST,
        "Pusat dan daerah sama-sama memindahkan laporan; yang terakhir bertindak paling tahu.",
        "Centre and region both move a report; who acted last knows best.",
        LEAVES,
    ),
    Shared(
        "agency",
        Authority.BOTH,
        "Pusat mendisposisi dan meja pengaduan mendisposisi; bila berbeda, orang yang memutuskan siapa menjawab.",
        "The centre passes on and the desk passes on; where they differ a person decides who answers.",
    ),
    Shared(
        "class",
        Authority.HUB,
        "Batas waktu provinsi berjalan menurut jenis yang ditetapkan meja pengaduan.",
        "The province's deadlines run by the class its desk gave.",
    ),
    Shared(
        "category",
        Authority.HUB,
        "Kategori hub dipakai untuk memilih perangkat daerah; daftar pusat berbeda.",
        "The hub's categories choose the agency; the centre's list is another one.",
    ),
    Shared(
        "area",
        Authority.HUB,
        "Pelapor menunjuk tempatnya di sini; lokasi di pusat lebih kasar.",
        "The reporter named the place here; the centre's locations are coarser.",
    ),
    Shared(
        "title",
        Authority.HUB,
        "Yang ditulis pelapor di sini tetap; suntingan pusat terlihat pada laporannya.",
        "What the reporter wrote here stays; the centre's edit is shown with its report.",
    ),
    Shared(
        "text",
        Authority.HUB,
        "Yang ditulis pelapor di sini tetap; suntingan pusat terlihat pada laporannya.",
        "What the reporter wrote here stays; the centre's edit is shown with its report.",
    ),
    Shared(
        "anonymous",
        Authority.BOTH,
        "Perlindungan pelapor tidak pernah dibuka atau diubah dengan sendirinya.",
        "A reporter's protection is never opened or changed by itself.",
    ),
    Shared(
        "secret",
        Authority.BOTH,
        "Kerahasiaan laporan tidak pernah dibuka atau diubah dengan sendirinya.",
        "A report's secrecy is never opened or changed by itself.",
    ),
)

_PROVINCE = frozenset(normalised(name) for name in ("Pemerintah Provinsi Jawa Tengah", "Pemprov Jateng"))


def told(record: Record) -> dict[str, Told]:
    """What ``record`` says of the shared fields; titles and texts are left out, so that prose has one place."""
    facts = record.facts
    assert isinstance(facts, Report)
    values = {
        "class": class_of(facts.classification),
        "category": category_of(facts.category),
        "area": facts.area_code,
        "anonymous": str(facts.anonymous).lower(),
        "secret": str(facts.secret).lower(),
    }
    found = {name: Told(record.updated_at, value) for name, value in values.items() if value}
    for name, word in (("status", _status(record, facts)), ("agency", _agency(record, facts))):
        if word:
            found[name] = word
    return found


def _status(record: Record, facts: Report) -> Told | None:
    """Where it stands, since the centre last moved it: an edit of the text moves nothing.

    The desk's own steps say nothing of the province, nor does what an institution that is not ours does on
    the way; its answer and the end do.
    """
    status = ReportStatus(record.status)
    meant = HERE[status]
    if meant is None or status in OWN_STEPS or (status in UNDER_WAY and _with_a_stranger(facts)):
        return None
    return Told(moved_at(record, facts), meant.value)


def _agency(record: Record, facts: Report) -> Told | None:
    """Which of our agencies must answer, once the report was passed on.

    Before that, the one it names is a wish of whoever sent it, which may be the hub; an owner need not answer.
    """
    if record.status in UNTOUCHED or facts.disposition is None or facts.agency_code is None:
        return None
    return Told(since(record, facts, "DISPOSITION"), facts.agency_code)


def _with_a_stranger(facts: Report) -> bool:
    who = facts.disposition
    return who is not None and facts.agency_code is None and normalised(who) not in _PROVINCE
