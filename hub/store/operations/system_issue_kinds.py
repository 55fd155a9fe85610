"""The kinds of issues of a system: of its connection, its copy, its deliveries, files and items."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hub.messages import Bilingual
from hub.store.operations.terms import Area, IssueKind, Severity, SubjectKind

_warning = partial(IssueKind, severity=Severity.WARNING, subject=SubjectKind.SYSTEM)
_info = partial(IssueKind, severity=Severity.INFO, subject=SubjectKind.SYSTEM)
_STATE = "operations.md#a-system-is-down-or-stopped"
_PULL = "operations.md#issues-of-a-system"
_SENT = "operations.md#what-leaves-the-hub"
_FILES = "operations.md#files-of-other-systems"
_BACK = "operations.md#what-comes-back-and-what-comes-in"

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
    "DELIVERIES_LAG": _warning(
        area=Area.DELIVERIES,
        alert="HubDeliveriesLag",
        title=Bilingual("{count} deliveries to {subject} wait", "{count} pengiriman ke {subject} menunggu"),
        meaning=Bilingual(
            "The oldest one has not arrived for more than an hour.", "Yang tertua belum sampai lebih dari satu jam."
        ),
        what_to_do=Bilingual(
            "Read the errors of the deliveries; usually the system is down.",
            "Baca galat pengiriman; biasanya sistem itu terputus.",
        ),
        document=_SENT,
        act="actOnDeliveries",
        command="hub deliveries groups",
    ),
    "DELIVERIES_BLOCKED": _warning(
        area=Area.DELIVERIES,
        alert="HubDeliveriesWait",
        title=Bilingual("{count} deliveries to {subject} are blocked", "{count} pengiriman ke {subject} tertahan"),
        meaning=Bilingual(
            "The system refused them, or they failed too often; the hub sends them no more by itself.",
            "Sistem menolaknya, atau terlalu sering gagal; Simpul tidak mengirimnya lagi sendiri.",
        ),
        what_to_do=Bilingual(
            "Correct the cause of each error, then retry the group, or give it up.",
            "Perbaiki sebab tiap galat, lalu kirim ulang kelompoknya, atau hentikan.",
        ),
        document=_SENT,
        act="actOnDeliveries",
        command="hub deliveries groups",
    ),
    "DELIVERIES_UNKNOWN": _warning(
        area=Area.DELIVERIES,
        alert="HubDeliveriesWait",
        title=Bilingual(
            "Whether {count} deliveries to {subject} arrived is unknown",
            "{count} pengiriman ke {subject} tidak diketahui hasilnya",
        ),
        meaning=Bilingual(
            "An attempt ended without a result, and the system cannot be asked.",
            "Percobaan berakhir tanpa hasil, dan sistem tidak dapat ditanya.",
        ),
        what_to_do=Bilingual(
            "Look for each in that system; confirm what arrived, and retry the rest.",
            "Cari masing-masing di sistem itu; konfirmasi yang sampai, dan kirim ulang sisanya.",
        ),
        document=_SENT,
        act="confirmDelivery",
        command="hub deliveries list --state OUTCOME_UNKNOWN",
    ),
    "DELIVERIES_STUCK": _warning(
        area=Area.DELIVERIES,
        alert="HubDeliveriesStuck",
        title=Bilingual("A delivery to {subject} is stuck", "Pengiriman ke {subject} macet"),
        meaning=Bilingual(
            "Whether it arrived has been unknown for a day.", "Sudah sehari tidak diketahui apakah ia sampai."
        ),
        what_to_do=Bilingual(
            "Look for the complaint's tag in that system, then confirm or retry the delivery.",
            "Cari tanda aduan di sistem itu, lalu konfirmasi atau kirim ulang.",
        ),
        document=_SENT,
        act="confirmDelivery",
        command="hub deliveries list --state SENDING",
    ),
    "FILES_WAIT": _warning(
        area=Area.SYSTEMS,
        alert="HubFilesWait",
        title=Bilingual("{count} files of {subject} cannot be downloaded", "{count} berkas {subject} gagal diunduh"),
        meaning=Bilingual(
            "They are retried, and given up after a few days.", "Unduhan diulang, dan dihentikan setelah beberapa hari."
        ),
        what_to_do=Bilingual(
            "Check whether its file server is up and its host is allowed.",
            "Periksa apakah peladen berkasnya aktif dan diizinkan.",
        ),
        document=_FILES,
    ),
    "FILES_GIVEN_UP": _warning(
        area=Area.SYSTEMS,
        alert="HubFilesGivenUp",
        title=Bilingual("{count} files of {subject} were given up", "{count} berkas {subject} dihentikan"),
        meaning=Bilingual(
            "The hub does not have them and does not retry.", "Simpul tidak memilikinya dan tidak mencoba lagi."
        ),
        what_to_do=Bilingual(
            "Correct the cause; a full run then retries all missing files.",
            "Perbaiki sebabnya; penarikan penuh mencoba lagi semua berkas.",
        ),
        document=_FILES,
        act="fullRun",
        command="hub systems full-run {id}",
    ),
    "HOOKS_REFUSED": _warning(
        area=Area.SYSTEMS,
        alert="HubHooksRefused",
        title=Bilingual("{count} webhook calls of {subject} were refused", "{count} panggilan {subject} ditolak"),
        meaning=Bilingual(
            "In the last hour more than 20 calls had a wrong signature, time or form.",
            "Dalam satu jam terakhir lebih dari 20 panggilan salah tanda tangan, waktu, atau bentuk.",
        ),
        what_to_do=Bilingual(
            "Compare the key with the system's owner; the log has the reasons.",
            "Cocokkan kunci dengan pemilik sistem; alasannya ada di log.",
        ),
        document="operations.md#webhooks",
    ),
    "QUARANTINE_WAITS": _warning(
        area=Area.QUARANTINE,
        alert="HubQuarantineWaits",
        title=Bilingual("{count} items of {subject} are in quarantine", "{count} butir {subject} dikarantina"),
        meaning=Bilingual(
            "The hub could not read them, or does not know a code in them.",
            "Simpul tidak dapat membacanya, atau tidak mengenal kode di dalamnya.",
        ),
        what_to_do=Bilingual(
            "Correct the mapping or the code table, then replay the items; discard what is wrong for good.",
            "Perbaiki pemetaan atau tabel kode, lalu baca ulang; buang yang memang salah.",
        ),
        document="operations.md#quarantine",
        act="replayQuarantine",
        command="hub quarantine groups",
    ),
    "RECORDS_IN_DOUBT": _warning(
        area=Area.SYSTEMS,
        alert="HubRecordsInDoubt",
        title=Bilingual("{subject} contradicts itself", "{subject} bertentangan dengan dirinya"),
        meaning=Bilingual(
            "It reported two final statuses of {count} records.", "Ia memberi dua status akhir untuk {count} catatan."
        ),
        what_to_do=Bilingual(
            "Find out which status is right, and record it.", "Cari tahu status yang benar, lalu catat."
        ),
        document="operations.md#records-in-doubt",
        command="hub doubts list",
    ),
    "DECISIONS_BLOCKED": _warning(
        area=Area.AGREEMENT,
        alert="HubDecisionsBlocked",
        title=Bilingual("{count} decisions for {subject} are blocked", "{count} keputusan untuk {subject} tertahan"),
        meaning=Bilingual(
            "The register refused to follow them, or they failed too often.",
            "Register menolak mengikutinya, atau terlalu sering gagal.",
        ),
        what_to_do=Bilingual(
            "Correct the cause of the error; a repair then sends them again.",
            "Perbaiki sebab galat; perbaikan lalu mengirim ulang.",
        ),
        document="agreement.md#acts",
        act="resolveDisagreement",
        command="hub disagreements list",
    ),
    "INQUIRIES_UNANSWERED": _info(
        area=Area.SYSTEMS,
        title=Bilingual("{subject} does not confirm {count} calls", "{subject} tidak memastikan {count} panggilan"),
        meaning=Bilingual(
            "Webhook calls named records that the system, asked by the hub, did not confirm.",
            "Panggilan menyebut catatan yang tidak dipastikan sistem ketika ditanya Simpul.",
        ),
        what_to_do=Bilingual("If it lasts, ask the system's owner.", "Jika berlangsung, hubungi pemilik sistem."),
        document="operations.md#webhooks",
    ),
    "CONFLICTS_WAIT": _info(
        area=Area.COMPLAINTS,
        title=Bilingual("{count} fields differ from {subject}", "{count} isian berbeda dari {subject}"),
        meaning=Bilingual(
            "Neither side has authority alone, so the desk decides.",
            "Tidak ada pihak yang berwenang sendiri, jadi meja aduan memutuskan.",
        ),
        what_to_do=Bilingual("Ask the desk to decide the conflicts.", "Minta meja aduan memutuskannya."),
        document=_BACK,
        act="resolveConflict",
    ),
    "CLAIMS_WAIT": _info(
        area=Area.COMPLAINTS,
        title=Bilingual("{count} reports of {subject} may be complaints", "{count} laporan {subject} mungkin aduan"),
        meaning=Bilingual(
            "They may be the counterparts of complaints, which the desk decides.",
            "Mungkin sama dengan aduan di sini; meja aduan memutuskan.",
        ),
        what_to_do=Bilingual("Ask the desk to decide the claims.", "Minta meja aduan memutuskannya."),
        document=_BACK,
        act="resolveClaim",
    ),
}
