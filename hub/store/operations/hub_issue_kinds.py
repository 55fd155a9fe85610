"""The kinds of issues of the hub itself, of pairs of systems, and of webhooks of clients."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hub.messages import Bilingual
from hub.store.operations.terms import Area, IssueKind, Severity, SubjectKind

_critical = partial(IssueKind, severity=Severity.CRITICAL, subject=SubjectKind.HUB)
_webhook = partial(IssueKind, subject=SubjectKind.WEBHOOK, document="webhooks.md#when-calls-fail")

HUB_ISSUES: Mapping[str, IssueKind] = {
    "NOT_READY": _critical(
        area=Area.HUB,
        alert="HubMetricsMissing",
        title=Bilingual("The database does not fit the hub", "Basis data tidak cocok dengan Simpul"),
        meaning=Bilingual(
            "The database does not respond or is not migrated, so /readyz answers 503 and metrics are missing.",
            "Basis data tidak menjawab atau belum dimigrasikan, sehingga /readyz menjawab 503 dan metrik hilang.",
        ),
        what_to_do=Bilingual(
            "Check that the database runs, then run hub migrate of the version that serves.",
            "Periksa bahwa basis data berjalan, lalu jalankan hub migrate dari versi yang melayani.",
        ),
        document="operations.md#upgrade",
        command="hub migrate",
    ),
    "OPERATIONS_FAIL": _critical(
        area=Area.HUB,
        alert="HubOperationsFail",
        title=Bilingual("{count} {count:operation|operations} failed", "{count} operasi gagal"),
        meaning=Bilingual(
            "In the last 15 minutes operations of the graph ended with a masked fault.",
            "Dalam 15 menit terakhir operasi graf berakhir dengan galat tersamar.",
        ),
        what_to_do=Bilingual(
            "Find the request ids of the faults in the logs of hub serve.", "Cari id permintaan galat di log hub serve."
        ),
        document="operations.md#health-logs-metrics",
    ),
    "WORKER_MISSING": _critical(
        area=Area.HUB,
        title=Bilingual("No worker runs", "Tidak ada worker yang berjalan"),
        meaning=Bilingual(
            "Nothing is pulled or sent, and changes get no positions in the feed.",
            "Tidak ada yang ditarik atau dikirim, dan perubahan tidak mendapat posisi.",
        ),
        what_to_do=Bilingual("Start hub worker.", "Jalankan hub worker."),
        document="operations.md#processes",
        command="hub worker",
    ),
    "FEED_STALLED": _critical(
        area=Area.FEED,
        alert="HubFeedStalled",
        title=Bilingual("Changes of {subject} get no positions", "Perubahan {subject} tidak mendapat posisi"),
        meaning=Bilingual(
            "Readers of the feed, streams and webhooks see no new changes.",
            "Pembaca umpan, aliran, dan webhook tidak melihat perubahan baru.",
        ),
        what_to_do=Bilingual(
            "Check whether a worker runs, and in pg_stat_activity whether a transaction has been open for long.",
            "Periksa apakah worker berjalan, dan di pg_stat_activity apakah ada transaksi yang lama terbuka.",
        ),
        document="operations.md#the-feed",
    ),
    "DISAGREEMENT_OLD": IssueKind(
        area=Area.AGREEMENT,
        severity=Severity.WARNING,
        subject=SubjectKind.PAIR,
        alert="HubDisagreementOld",
        title=Bilingual("Two systems disagree on a {subject}", "Dua sistem tidak sepakat tentang {subject}"),
        meaning=Bilingual(
            "They have differed for more than a day, and nothing more is sent.",
            "Keduanya berbeda lebih dari sehari, dan tidak ada lagi yang dikirim.",
        ),
        what_to_do=Bilingual(
            "Find the cause and resolve it, or ignore it until a time with a reason.",
            "Cari sebabnya dan selesaikan, atau abaikan sampai suatu waktu dengan alasan.",
        ),
        document="agreement.md#acts",
        act="resolveDisagreement",
        command="hub disagreements list",
    ),
    "WEBHOOK_FAILING": _webhook(
        area=Area.PARTNERS,
        severity=Severity.WARNING,
        alert="HubWebhookFailing",
        title=Bilingual("A webhook of {subject} fails", "Webhook {subject} gagal"),
        meaning=Bilingual(
            "All calls fail; on the fifth day the webhook is disabled.",
            "Semua panggilan gagal; pada hari kelima webhook dinonaktifkan.",
        ),
        what_to_do=Bilingual("Tell the client.", "Beri tahu kliennya."),
        command="hub webhooks list",
    ),
    "WEBHOOK_DISABLED": _webhook(
        area=Area.PARTNERS,
        severity=Severity.WARNING,
        alert="HubWebhookDisabled",
        title=Bilingual("A webhook of {subject} was disabled", "Webhook {subject} dinonaktifkan"),
        meaning=Bilingual(
            "Its endpoint was gone, failed for days, or did not agree; nothing is sent to it.",
            "Titik akhirnya tiada, gagal berhari-hari, atau tidak setuju; tidak ada yang dikirim.",
        ),
        what_to_do=Bilingual(
            "Tell the client; once its endpoint is mended, resume and replay.",
            "Beri tahu kliennya; setelah diperbaiki, lanjutkan dan kirim ulang.",
        ),
        act="resumeWebhook",
        command="hub webhooks resume {id}",
    ),
    "WEBHOOK_NO_CONSENT": _webhook(
        area=Area.PARTNERS,
        severity=Severity.INFO,
        title=Bilingual("A webhook of {subject} has not agreed", "Webhook {subject} belum setuju"),
        meaning=Bilingual(
            "Its endpoint did not answer the hub's question, and is asked again for a day.",
            "Titik akhirnya tidak menjawab pertanyaan Simpul, dan ditanya lagi selama sehari.",
        ),
        what_to_do=Bilingual("Tell the client.", "Beri tahu kliennya."),
        command="hub webhooks list",
    ),
}
