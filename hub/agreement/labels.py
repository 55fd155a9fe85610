"""The names of pairs and shared fields, as text for people."""

from __future__ import annotations

from collections.abc import Mapping

from hub.complaints.shared_fields import ComplaintField
from hub.messages import Bilingual

PAIR_LABELS: Mapping[str, Bilingual] = {
    "permit": Bilingual("Permits", "Perizinan"),
    "report": Bilingual("Complaints and their reports", "Aduan dan laporannya"),
}

FIELD_LABELS: Mapping[str, Bilingual] = {
    **{field.stored: Bilingual(field.label_en, field.label_id) for field in ComplaintField},
    "number": Bilingual("Permit number", "Nomor izin"),
    "issued_on": Bilingual("Day of issue", "Tanggal terbit"),
    "valid_until": Bilingual("Valid until", "Berlaku sampai"),
    "authority": Bilingual("Level of authority", "Kewenangan"),
    "type_code": Bilingual("Type of permit", "Jenis izin"),
    "kbli": Bilingual("Line of business (KBLI)", "Bidang usaha (KBLI)"),
    "scale": Bilingual("Size of the business", "Skala usaha"),
    "area_code": Bilingual("Area", "Wilayah"),
}


def pair_label(pair: str) -> Bilingual:
    """Return the name of a pair; its code if it has none."""
    return PAIR_LABELS.get(pair, Bilingual(pair, pair))


def field_label(field: str) -> Bilingual:
    """Return the name of a shared field; the field itself if it has none."""
    return FIELD_LABELS.get(field, Bilingual(field, field))
