"""The masters of the LAPOR sandbox: ids of its own for places, institutions and labels (contract lapor#masters).

Institutions have names that LAPOR might use, which are not always those of the province today; ids are invented
except for the few that contract lapor#report and lapor#masters give.
"""

from __future__ import annotations

from typing import Any

from hub.complaints.agencies import AGENCIES
from hub.complaints.areas import AREAS
from hub.complaints.categories import CATEGORIES

PROVINCE = 310
"""The institution id of the province itself."""

_STILL_CALLED = {"RSUD-ADHYATMA": "RSUD Tugurejo", "DISDIKBUD": "Dinas Pendidikan", "DP3AKB": "DP3AP2KB"}
"""Agencies with another name in LAPOR's master than in the hub."""

FORMER_NAMES = {"DISHUB": "Dinas Perhubungan, Komunikasi dan Informatika Provinsi Jawa Tengah"}
"""Former names of renamed agencies, which older reports keep."""

AGENCY_INSTITUTIONS = {
    agency.code: 311 + 3 * number
    for number, agency in enumerate(agency for agency in AGENCIES if agency.valid_to is None)
}
OUR_INSTITUTIONS = (PROVINCE, *AGENCY_INSTITUTIONS.values())
OTHER_INSTITUTIONS = {
    902: "Pemerintah Kota Semarang",
    905: "Pemerintah Kabupaten Banyumas",
    911: "Pemerintah Provinsi Jawa Timur",
    913: "Dinas Perhubungan Provinsi Jawa Timur",
    921: "Kementerian Perhubungan",
    922: "Kementerian Sosial",
    930: "BPJS Kesehatan",
}

_NAMES = {agency.code: f"{_STILL_CALLED.get(agency.code, agency.name)} Provinsi Jawa Tengah" for agency in AGENCIES}
INSTITUTIONS: dict[int, str] = {
    PROVINCE: "Pemerintah Provinsi Jawa Tengah",
    **{number: _NAMES[code] for code, number in AGENCY_INSTITUTIONS.items()},
    **OTHER_INSTITUTIONS,
}

AREA_LOCATIONS = {area.code: 1200 + 7 * number for number, area in enumerate(AREAS)}
WHOLE_PROVINCE = 1100
LOCATIONS: dict[int, tuple[str, str | None]] = {
    34: ("Indonesia", None),
    WHOLE_PROVINCE: ("Provinsi Jawa Tengah", "33"),
    1101: ("Kota Yogyakarta", "34.71"),
    1102: ("Kota Bandung", "32.73"),
    1103: ("Kota Surabaya", "35.78"),
    **{AREA_LOCATIONS[area.code]: (area.name, area.code) for area in AREAS},
}
"""Id → name and Kemendagri code; 34 is the whole country as an id, and Yogyakarta as a code."""

CATEGORY_IDS = {category.code: 436 + 2 * number for number, category in enumerate(CATEGORIES)}
CATEGORY_NAMES = {CATEGORY_IDS[category.code]: category.label_id for category in CATEGORIES}
CLASSIFICATIONS = {6: "Pengaduan", 7: "Aspirasi", 8: "Permintaan Informasi"}
CLASSIFICATION_IDS = {"COMPLAINT": 6, "ASPIRATION": 7, "INFORMATION_REQUEST": 8}
CHANNELS = {10: "Situs web", 11: "Aplikasi seluler", 12: "SMS", 13: "WhatsApp", 14: "X", 15: "Aplikasi instansi"}
CHANNEL_IDS = {"WEB": 10, "MOBILE_APP": 11, "SMS": 12, "WHATSAPP": 13, "X": 14}
"""Codes of ``hub.complaints.enums.Channel`` that the centre has ids for; the others are the province's own."""
OTHER_CHANNEL = 15
TEMPLATES = {
    "reply_instansi": "Tanggapan dari {{institution_from}}",
    "progress_instansi": "Perkembangan dari {{institution_from}}",
    "disposition": "Laporan didisposisikan dari {{institution_from}} ke {{institution_to_link}}",
    "status": "Status berubah dari {{status_old}} menjadi {{status_new}}",
}


def rows_by_path() -> dict[str, list[dict[str, Any]]]:
    """Return every master's rows by the path below ``/masters/``."""
    return {
        "institutions/external": [{"id": number, "name": name} for number, name in INSTITUTIONS.items()],
        "templates": [
            {"id": number, "template_code": code, "content": text}
            for number, (code, text) in enumerate(TEMPLATES.items(), 1)
        ],
        "locations": [{"id": number, "name": name, "code": code} for number, (name, code) in LOCATIONS.items()],
        "categories": [{"id": number, "name": name} for number, name in CATEGORY_NAMES.items()],
        "classifications": [{"id": number, "name": name} for number, name in CLASSIFICATIONS.items()],
        "channels": [{"id": number, "name": name} for number, name in CHANNELS.items()],
    }
