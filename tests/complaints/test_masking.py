"""Personal data in titles and texts is found in every notation, and nothing else is masked."""

from __future__ import annotations

import pytest

from hub.complaints.masking import MASK, PersonalData, detect_kinds, mask

NIK, PHONE, EMAIL = PersonalData.NIK, PersonalData.PHONE, PersonalData.EMAIL


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("3399014107900001", NIK),
        ("33 9901 410790 0001", NIK),
        ("33.99.01.410790.0001", NIK),
        ("3399‑0141‑0790‑0001", NIK),
        ("081234567890", PHONE),
        ("0812-3456-7890", PHONE),
        ("0812.3456.7890", PHONE),
        ("0812 3456 789", PHONE),
        ("+62 812 3456 7890", PHONE),
        ("+62 (0)812-3456-7890", PHONE),
        ("6281234567890", PHONE),
        ("62-812-3456-7890", PHONE),
        ("(024) 3512345", PHONE),
        ("024-351 2345", PHONE),
        ("+31 20 123 4567", PHONE),
        ("０８１２３４５６７８９０", PHONE),
        ("0812\u200d3456\u200c7890", PHONE),
        ("0812–3456−7890", PHONE),
        ("budi.santoso+lapor@contoh.example", EMAIL),
        ("B@x.id", EMAIL),
    ],
)
def test_personal_data_is_masked_and_named(written: str, kind: PersonalData) -> None:
    assert detect_kinds(f"Hubungi {written}, terima kasih") == [kind]
    assert mask(f"Hubungi {written}, terima kasih") == f"Hubungi {MASK}, terima kasih"
    assert mask(written) == MASK


@pytest.mark.parametrize(
    "text",
    [
        "Bus koridor 1 tidak berhenti pukul 08.30-17.00",
        "Aduan LG-2026-000123 belum dijawab",
        "Pesanan TS-2611-002341 senilai Rp 1.250.000.000",
        "Jalan rusak sejak 01-12-2026 sampai 31.12.2026",
        "Nomor kartu 3399013107900000 salah",
        "Nomor 1234567890123456 bukan NIK",
        "Plat H 1234 AB di halte 024",
        "Ikuti @dishub di media sosial",
        "RT 08 RW 12",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert (mask(text), detect_kinds(text)) == (text, [])


def test_all_of_a_text_is_found() -> None:
    text = "WA 081234567890 atau uji@contoh.example, NIK 3399014107900001; 0812-0000-1111"
    assert mask(text) == f"WA {MASK} atau {MASK}, NIK {MASK}; {MASK}"
    assert detect_kinds("tidak ada", text) == [NIK, PHONE, EMAIL]


@pytest.mark.parametrize("text", ["0" * 10_000, "0812 " * 2_000, "a." * 5_000, "a@" * 5_000, "+6 2" * 2_500])
def test_a_long_text_is_looked_through(text: str) -> None:
    assert len(mask(text)) > 0
