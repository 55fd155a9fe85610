"""Calls of OSS as the hub receives them, with the token of a day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from pydantic import SecretStr
from starlette.datastructures import Headers

from hub.connectors.oss.settings import OssSettings
from hub.connectors.oss.tokens import token
from hub.contract import WebhookCall

NIB, NPWP = "1234567890123", "000000000000000"
NOON = datetime(2025, 1, 2, 5, 0, tzinfo=UTC)
TODAY = date(2025, 1, 2)
SETTINGS = OssSettings(url="http://127.0.0.1:9", username="user", password=SecretStr("pass"))

DOCUMENT: dict[str, Any] = {
    "nib": NIB,
    "npwp_perseroan": NPWP,
    "nama_perseroan": "Koperasi Randu Kencana",
    "jenis_perseroan": "07",
    "jenis_pelaku_usaha": "01",
    "perseroan_daerah_id": "3374000000",
    "status_nib": "01",
    "tipe_dokumen": "9",
    "tgl_pengajuan_nib": "2025-01-01 08:00:00",
    "tgl_terbit_nib": "2025-01-01 08:00:00",
    "tgl_perubahan_nib": "2025-01-02 08:00:00",
    "penanggung_jwb": [{"nama": "Sri Rekaan"}],
    "data_proyek": [{"id_proyek": "R-1", "kbli": "64141", "sektor": "044", "skala_usaha": "01"}],
    "data_checklist": [
        {
            "id_izin": "I-1",
            "id_proyek": "R-1",
            "kd_izin": "000044000201",
            "kd_daerah": "3374000000",
            "kewenangan": "00",
            "nama_izin": "Izin Usaha Simpan Pinjam",
            "flag_checklist": "Y",
            "no_izin": "503/1/2025",
            "tgl_izin": "2025-01-02",
            "nama_user_proses": "Sri Rekaan",
        },
        {"id_proyek": "R-1", "kd_izin": "000044000202"},
    ],
}


def call(
    document: Any = DOCUMENT,
    *,
    signed: str | None = None,
    now: datetime = NOON,
    webhook: str = "receiveNIB",
    body: bytes | None = None,
) -> WebhookCall:
    """A call, signed for ``TODAY`` unless ``signed`` is its token."""
    return WebhookCall(
        webhook=webhook,
        endpoint=f"/hooks/oss/{webhook}",
        headers=Headers({"Token": token(SETTINGS, NIB, TODAY) if signed is None else signed}),
        body=json.dumps({"dataNIB": document}).encode() if body is None else body,
        now=now,
    )
