"""The invented goods and texts of orders in online shops."""

from __future__ import annotations

from random import Random
from typing import Any

GOODS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "Makanan dan Minuman": (
        ("Nasi kotak rapat koordinasi", 450_000, 9_500_000),
        ("Snack rapat dan air mineral", 150_000, 4_000_000),
        ("Konsumsi bimbingan teknis dua hari", 2_000_000, 28_000_000),
    ),
    "Alat Tulis Kantor": (
        ("Kertas HVS A4 80 gram", 250_000, 7_500_000),
        ("Toner printer dan tinta", 600_000, 14_000_000),
        ("Map, odner dan alat tulis", 90_000, 3_500_000),
    ),
    "Cetak dan Penggandaan": (
        ("Cetak spanduk dan baliho kegiatan", 200_000, 6_000_000),
        ("Penggandaan bahan sosialisasi", 150_000, 8_000_000),
        ("Cetak buku laporan tahunan", 1_500_000, 22_000_000),
    ),
    "Perlengkapan Kantor": (
        ("Kursi kerja dan meja staf", 1_200_000, 48_000_000),
        ("Pendingin ruangan 1 PK", 4_000_000, 45_000_000),
        ("Laptop untuk pelayanan", 9_000_000, 50_000_000),
    ),
    "Jasa": (
        ("Servis kendaraan dinas", 500_000, 15_000_000),
        ("Sewa tenda dan kursi", 900_000, 18_000_000),
        ("Jasa kebersihan gedung satu bulan", 3_000_000, 42_000_000),
    ),
}
"""Category → (description, least and greatest price in rupiah); nothing above the programme's Rp 50 million."""

FAILURES = ("Payment Kadaluarsa", "RFQ Dibatalkan Pembeli", "Dibatalkan Penyedia", "Stok Tidak Tersedia")
BUYERS = ("Wagimin Contoh", "Sri Rekaan", "Teguh Misalan", "Endah Umpama", "Bowo Karangan", "Tutik Andaian")


def goods(rng: Random) -> dict[str, Any]:
    """Return invented goods: category, description, and price in whole rupiah; low prices are more frequent."""
    category = rng.choice(tuple(GOODS))
    text, least, greatest = rng.choice(GOODS[category])
    price = least + int((greatest - least) * rng.random() ** 2)
    return {"kategori": category, "order_desc": text, "valuasi": price // 500 * 500}
