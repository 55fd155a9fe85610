"""The kinds of issues of a system: of its connection and of what it lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hub.messages import Bilingual
from hub.store.operations.terms import Area, IssueKind, Severity, SubjectKind

_warning = partial(IssueKind, severity=Severity.WARNING, subject=SubjectKind.SYSTEM)
_info = partial(IssueKind, severity=Severity.INFO, subject=SubjectKind.SYSTEM)
_STATE = "operations.md#a-system-is-down-or-stopped"
_PULL = "operations.md#issues-of-a-system"

SYSTEM_ISSUES: Mapping[str, IssueKind] = {
    "SYSTEM_STOPPED": IssueKind(
        area=Area.SYSTEMS,
        severity=Severity.CRITICAL,
        subject=SubjectKind.SYSTEM,
        alert="HubSystemStopped",
        title=Bilingual("{subject} is stopped", "{subject} berhenti"),
        meaning=Bilingual(
            "Settings are wrong, or the system refuses the hub. Nothing is sent to it, and pulls become rarer.",
            "Pengaturan salah, atau sistem menolak Simpul. Tidak ada yang dikirim, dan penarikan makin jarang.",
        ),
        what_to_do=Bilingual(
            "Correct the setting that the last error names, then pull now.",
            "Perbaiki pengaturan yang disebut galat terakhir, lalu tarik sekarang.",
        ),
        document=_STATE,
        act="pullNow",
        command="hub systems pull {id}",
    ),
    "SYSTEM_DOWN": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemDown",
        title=Bilingual("{subject} does not respond", "{subject} tidak menjawab"),
        meaning=Bilingual(
            "The hub serves its copy, retries, and catches up by itself.",
            "Simpul memakai salinannya, mencoba lagi, dan menyusul sendiri.",
        ),
        what_to_do=Bilingual(
            "If it lasts for half an hour, ask the system's owner.",
            "Jika berlangsung setengah jam, hubungi pemilik sistem.",
        ),
        document=_STATE,
        act="pullNow",
        command="hub systems pull {id}",
    ),
    "SYSTEM_NOT_STARTED": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemNotStarted",
        title=Bilingual("The first pull of {subject} is not complete", "Penarikan pertama {subject} belum selesai"),
        meaning=Bilingual(
            "The hub has no complete copy of the system yet.", "Simpul belum memiliki salinan lengkap sistem ini."
        ),
        what_to_do=Bilingual(
            "If it lasts for two hours, check its address and key in the settings of the worker.",
            "Jika berlangsung dua jam, periksa alamat dan kuncinya di pengaturan worker.",
        ),
        document=_STATE,
        act="pullNow",
        command="hub systems pull {id}",
    ),
    "SYSTEM_PAUSED": _info(
        area=Area.SYSTEMS,
        title=Bilingual("{subject} is paused", "{subject} dijeda"),
        meaning=Bilingual(
            "An operator paused it: nothing is pulled from it and nothing is sent to it.",
            "Operator menjedanya: tidak ada yang ditarik atau dikirim.",
        ),
        what_to_do=Bilingual("Resume it once the reason is gone.", "Lanjutkan bila alasannya sudah tidak ada."),
        document=_STATE,
        act="resumeSystem",
        command="hub systems resume {id}",
    ),
    "PULLS_LAG": _warning(
        area=Area.SYSTEMS,
        alert="HubPullsLag",
        title=Bilingual("The copy of {subject} is old", "Salinan {subject} sudah lama"),
        meaning=Bilingual(
            "The last complete pull was more than an hour ago.", "Penarikan lengkap terakhir lebih dari satu jam lalu."
        ),
        what_to_do=Bilingual(
            "Check whether a worker runs, then pull now.", "Periksa apakah worker berjalan, lalu tarik sekarang."
        ),
        document=_STATE,
        act="pullNow",
        command="hub systems pull {id}",
    ),
    "CLOCK_SKEW": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemIssue",
        title=Bilingual("The clock of {subject} is off", "Jam {subject} melenceng"),
        meaning=Bilingual(
            "Its clock differs too much from the hub's, so changes could be missed or come late.",
            "Jamnya terlalu berbeda dari jam Simpul, sehingga perubahan dapat terlewat atau terlambat.",
        ),
        what_to_do=Bilingual("Ask its owner to set the clock.", "Minta pemiliknya membetulkan jam."),
        document=_PULL,
    ),
    "FUTURE_TIMESTAMPS": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemIssue",
        title=Bilingual("Records of {subject} have future times", "Catatan {subject} bertanggal mendatang"),
        meaning=Bilingual(
            "Records have a time of change in the future; later changes of them may be taken for older ones.",
            "Waktu perubahan catatan ada di masa depan; perubahan berikutnya dapat dianggap lebih lama.",
        ),
        what_to_do=Bilingual("Ask its owner to correct the times.", "Minta pemiliknya membetulkan waktu."),
        document=_PULL,
    ),
    "CONTRACT_VIOLATION": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemIssue",
        title=Bilingual("{subject} breaks the contract", "Jawaban {subject} menyimpang"),
        meaning=Bilingual(
            "Its responses do not have the agreed format, or another server responds. After an hour it is stopped.",
            "Jawabannya tidak sesuai format, atau peladen lain yang menjawab. Setelah satu jam sistem berhenti.",
        ),
        what_to_do=Bilingual(
            "Check its address, and ask its owner what changed.", "Periksa alamatnya, dan tanyakan perubahannya."
        ),
        document=_PULL,
        act="pullNow",
        command="hub systems pull {id}",
    ),
    "MANY_MISSING": _warning(
        area=Area.SYSTEMS,
        alert="HubSystemIssue",
        title=Bilingual("Many records of {subject} are absent", "Banyak catatan {subject} hilang"),
        meaning=Bilingual(
            "A full run missed far more records than usual; none was marked as gone.",
            "Penarikan penuh kehilangan jauh lebih banyak catatan dari biasa; belum ada yang ditandai hilang.",
        ),
        what_to_do=Bilingual(
            "Ask its owner. If they are gone, a second full run marks them.",
            "Tanyakan pemiliknya. Jika memang hilang, penarikan penuh kedua menandainya.",
        ),
        document=_PULL,
        act="fullRun",
        command="hub sync {id} --full --confirm-gone",
    ),
}
