"""The kinds of issues of what is exchanged with a system: items, deliveries, decisions, files and webhook calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hub.messages import Bilingual
from hub.store.operations.terms import Area, IssueKind, Severity, SubjectKind

_warning = partial(IssueKind, severity=Severity.WARNING, subject=SubjectKind.SYSTEM)
_info = partial(IssueKind, severity=Severity.INFO, subject=SubjectKind.SYSTEM)
_SENT = "operations.md#what-leaves-the-hub"
_FILES = "operations.md#files-of-other-systems"
_BACK = "operations.md#what-comes-back-and-what-comes-in"

EXCHANGE_ISSUES: Mapping[str, IssueKind] = {
    "DELIVERIES_LAG": _warning(
        area=Area.DELIVERIES,
        alert="HubDeliveriesLag",
        title=Bilingual(
            "{count} {count:delivery|deliveries} to {subject} {count:waits|wait}",
            "{count} pengiriman ke {subject} menunggu",
        ),
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
        title=Bilingual(
            "{count} {count:delivery|deliveries} to {subject} {count:is|are} blocked",
            "{count} pengiriman ke {subject} tertahan",
        ),
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
            "Whether {count} {count:delivery|deliveries} to {subject} arrived is unknown",
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
        title=Bilingual(
            "{count} {count:file|files} of {subject} cannot be downloaded", "{count} berkas {subject} gagal diunduh"
        ),
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
        title=Bilingual(
            "{count} {count:file|files} of {subject} {count:was|were} given up", "{count} berkas {subject} dihentikan"
        ),
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
        title=Bilingual(
            "{count} webhook {count:call|calls} of {subject} {count:was|were} refused",
            "{count} panggilan {subject} ditolak",
        ),
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
        title=Bilingual(
            "{count} {count:item|items} of {subject} {count:is|are} in quarantine",
            "{count} butir {subject} dikarantina",
        ),
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
            "It reported two final statuses of {count} {count:record|records}.",
            "Ia memberi dua status akhir untuk {count} catatan.",
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
        title=Bilingual(
            "{count} {count:decision|decisions} for {subject} {count:is|are} blocked",
            "{count} keputusan untuk {subject} tertahan",
        ),
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
        title=Bilingual(
            "{subject} does not confirm {count} {count:call|calls}", "{subject} tidak memastikan {count} panggilan"
        ),
        meaning=Bilingual(
            "Webhook calls named records that the system, asked by the hub, did not confirm.",
            "Panggilan menyebut catatan yang tidak dipastikan sistem ketika ditanya Simpul.",
        ),
        what_to_do=Bilingual("If it lasts, ask the system's owner.", "Jika berlangsung, hubungi pemilik sistem."),
        document="operations.md#webhooks",
    ),
    "CONFLICTS_WAIT": _info(
        area=Area.COMPLAINTS,
        title=Bilingual(
            "{count} {count:field differs|fields differ} from {subject}", "{count} isian berbeda dari {subject}"
        ),
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
        title=Bilingual(
            "{count} {count:report|reports} of {subject} may be {count:a complaint|complaints}",
            "{count} laporan {subject} mungkin aduan",
        ),
        meaning=Bilingual(
            "They may be the counterparts of complaints, which the desk decides.",
            "Mungkin sama dengan aduan di sini; meja aduan memutuskan.",
        ),
        what_to_do=Bilingual("Ask the desk to decide the claims.", "Minta meja aduan memutuskannya."),
        document=_BACK,
        act="resolveClaim",
    ),
}
