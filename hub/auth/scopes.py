"""The scopes of the hub by business domain, as data. The table of docs/access.md is generated from it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Forbidden
from hub.store.oauth.users import User
from hub.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope, and what it permits in plain words, as the consent page shows it."""

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
        "Assign complaints, or forward them",
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
    Scope(
        "payments:read",
        "Membaca pembayaran, tanpa identitas pembayar; mitra: hanya untuk merchantnya sendiri",
        "Read payments, without who paid; a partner those to its own merchants",
    ),
    Scope(
        "orders:read",
        "Membaca uraian dan catatan pesanan pengadaan",
        "Read descriptions and notes of procurement orders",
    ),
    Scope(
        "licensing:read",
        "Membaca usaha dan perizinannya, tanpa data pribadi",
        "Read businesses and permits, without persons",
    ),
    Scope(
        "hub:operate",
        "Mengoperasikan hub: sistem, pengiriman, klien, dan pengguna",
        "Operate the hub: systems, deliveries, clients and users",
    ),
    Scope(
        "webhooks:manage",
        "Mendaftarkan dan mengelola webhook klien sendiri",
        "Register and manage the client's own webhooks",
    ),
    Scope("hub:audit", "Membaca jejak audit", "Read the audit trail"),
    Scope("openid", "Mengetahui bahwa Anda sudah masuk", "Know that you signed in"),
)

NAMES = frozenset(scope.name for scope in SCOPES)


SYNC_PREFIX = "records:sync."
"""The prefix of the scopes to sync; the system's name follows."""


def sync_scope(system: str) -> Scope:
    """Return the scope to sync the records of one system."""
    return Scope(f"{SYNC_PREFIX}{system}", f"Menyelaraskan data {system}", f"Sync records of {system}")


def may_sync(viewer: Viewer, system: str) -> bool:
    """Return whether ``viewer`` may sync the records of ``system``; ``Forbidden`` if it may sync no system at all."""
    if viewer.may(SYNC_PREFIX + system):
        return True
    if not any(scope.startswith(SYNC_PREFIX) for scope in viewer.scopes):
        raise Forbidden(SYNC_PREFIX + system)
    return False


NEEDS_SECOND_FACTOR = frozenset({"complaints:pii"})
"""The scopes that a user has only with a second factor, where one is required."""


def available_scopes(user: User, *, second_factor: bool) -> frozenset[str]:
    """Return the scopes that the user may be granted now; ``second_factor``: whether one is required."""
    return frozenset(user.scopes) - (NEEDS_SECOND_FACTOR if second_factor and not user.second_factor else frozenset())


TRACKING_CODE_SCOPES = frozenset({"complaints:read", "complaints:reply"})
"""What a tracking code grants, for its own complaint."""

DESK_SCOPES: frozenset[str] = frozenset(
    name for name in NAMES if name.startswith(("complaints:", "reports:", "payments:", "orders:", "licensing:"))
)
"""What an officer of the complaint desk is granted who also handles secret complaints."""

DEMO_SCOPES = DESK_SCOPES | {"hub:operate", "hub:audit"}
"""What the demo officer is granted, with the scopes to sync each system."""
