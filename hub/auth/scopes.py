"""What a viewer can be granted, by business domain: written once, as data. The README's table is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Forbidden
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope: its name, and what it lets somebody do in plain words, as the consent page says it."""

    name: str
    meaning_id: str
    meaning_en: str


SCOPES: tuple[Scope, ...] = (
    Scope("complaints:submit", "Mengirim aduan atas nama Anda", "Submit complaints in your name"),
    Scope("complaints:read", "Membaca isi aduan yang boleh dilihat", "Read the text of complaints that may be seen"),
    Scope(
        "complaints:pii",
        "Membaca identitas pelapor, dengan tujuan yang dicatat",
        "Read who a reporter is, for a purpose that is recorded",
    ),
    Scope(
        "complaints:verify", "Memverifikasi, mengembalikan, atau menolak aduan", "Verify, return or reject complaints"
    ),
    Scope(
        "complaints:assign",
        "Mendisposisi aduan ke perangkat daerah atau sistem lain",
        "Give complaints to agencies or other systems",
    ),
    Scope(
        "complaints:respond",
        "Menanggapi, menutup, atau membuka kembali aduan",
        "Respond to, close or reopen complaints",
    ),
    Scope(
        "complaints:reply",
        "Membalas, menilai, menutup, atau membuka kembali aduan Anda",
        "Reply to, rate, close or reopen your complaints",
    ),
    Scope("reports:read", "Membaca laporan di SP4N-LAPOR!", "Read reports at SP4N-LAPOR!"),
    Scope("payments:read", "Membaca pembayaran, tanpa identitas pembayar", "Read payments, without who paid"),
    Scope("hub:operate", "Mengoperasikan hub: karantina dan pengiriman", "Operate the hub: quarantine and deliveries"),
    Scope("openid", "Mengetahui bahwa Anda sudah masuk", "Know that you signed in"),
)

NAMES = frozenset(scope.name for scope in SCOPES)


SYNC = "records:sync."
"""What scopes to sync begin with; the system's name follows."""


def sync_scope(system: str) -> Scope:
    """The scope to sync the records of one system, whichever connectors there are."""
    return Scope(f"{SYNC}{system}", f"Menyelaraskan data {system}", f"Sync records of {system}")


def may_sync(viewer: Viewer, system: str) -> bool:
    """Whether ``viewer`` may sync the records of ``system``; ``Forbidden`` for who may sync none of any."""
    if viewer.may(SYNC + system):
        return True
    if not any(scope.startswith(SYNC) for scope in viewer.scopes):
        raise Forbidden(SYNC + system)
    return False


HOLDER = frozenset({"complaints:read", "complaints:reply"})
"""What the tracking code of one complaint grants, for that one."""

DESK: frozenset[str] = frozenset(name for name in NAMES if name.startswith(("complaints:", "reports:", "payments:")))
"""What an officer of the complaint desk who handles secret complaints too is granted."""

DEMO = DESK | {"hub:operate"}
"""What the demo officer is granted, with the scopes to sync each system: a demonstration shows the desk and its machine room."""
