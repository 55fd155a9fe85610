"""The code lists of OSS that the sandbox checks against (contract oss#code-lists)."""

from __future__ import annotations

STATUSES = {
    "05": "Proses Penapisan",
    "09": "Telah Melengkapi Persyaratan",
    "10": "Dokumen Lengkap",
    "11": "Dokumen Belum Lengkap",
    "12": "Pemenuhan Komitmen",
    "20": "Validasi",
    "30": "Verifikasi Pembayaran",
    "31": "Konfirmasi Pembayaran",
    "32": "Menunggu Verifikasi Bukti Bayar PNBP",
    "33": "Persetujuan Pembayaran",
    "34": "Perbaikan Konfirmasi Pembayaran",
    "40": "Inspeksi",
    "41": "Konfirmasi Persyaratan",
    "42": "Data Konfirmasi Persyaratan",
    "43": "Re-Konfirmasi",
    "44": "Data Re-Konfirmasi",
    "45": "Persyaratan terverifikasi",
    "49": "Pengambilan Nomor",
    "50": "Disetujui",
    "52": "Terbit Sementara",
    "57": "Disetujui otomatis (fiktif positif)",
    "60": "Peringatan",
    "70": "Penghentian Sementara",
    "80": "Denda Administratif",
    "90": "Ditolak",
    "93": "Penolakan Persyaratan",
}
"""``kd_status`` (list 10)."""
NOT_IN_ANY_LIST = ("58", "Izin terbit/SS terverifikasi")
"""The code that the official example answers."""
REMOVED = ("91", "Ditolak")
"""A code that was removed from the list; old records may hold it."""
AUTHORITIES = frozenset({"00", "01", "02"})
NIB_STATUSES = frozenset({"01", "02", "03", "04", "05", "06"})
EXPLANATIONS = {
    200: "Sukses",
    400: "Permintaan tidak sesuai",
    401: "user_key tidak valid",
    403: "Akses ditolak",
    404: "Data tidak ditemukan",
    405: "Metode tidak diizinkan",
    500: "Terjadi kesalahan pada sistem",
    504: "Waktu tunggu habis",
}
"""``kode`` (list 9) and what the sandbox writes as ``keterangan``."""
