"""The permit types of the demo: three sectors, who decides, the agency, and the lines of business (KBLI).

The 12-digit codes are made up. KBLI codes are of the right group; the descriptions are the demo's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CENTRE, PROVINCE, REGENCY = "00", "01", "02"
"""Levels of authority, as OSS and the regional app write them (``kewenangan``)."""


class Sector(StrEnum):
    """A third of the businesses each."""

    EDUCATION = "PENDIDIKAN"
    COOPERATIVES = "KOPERASI"
    TRADE = "USAHA"


SECTORS = tuple(Sector)
OSS_SECTORS = {Sector.EDUCATION: "023", Sector.COOPERATIVES: "044", Sector.TRADE: "031"}
"""Sector codes of OSS (contract oss#code-lists; 031 is ASSUMED)."""


@dataclass(frozen=True, slots=True)
class PermitType:
    """One type of permit: code (``kd_izin``), name, ``jenis_izin``, the level that decides, and the agency."""

    code: str
    name: str
    klass: str
    authority: str
    agency_code: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of business with its permit types: the permit of a project is the first or the second."""

    kbli: str
    text: str
    types: tuple[PermitType, ...]


def _type(number: int, name: str, authority: str, agency: str, klass: str = "02") -> PermitType:
    return PermitType(f"{number:012}", name, klass, authority, agency)


_SCHOOL, _COOP, _TRADE = "DISDIKBUD", "DINKOPUKM", "DISPERINDAG"
_SENIOR = _type(23_000_101, "Izin Operasional Satuan Pendidikan Menengah", PROVINCE, _SCHOOL)
_VOCATIONAL = _type(23_000_102, "Izin Pembukaan Program Keahlian", PROVINCE, _SCHOOL)
_EARLY = _type(23_000_103, "Izin Penyelenggaraan Pendidikan Anak Usia Dini", REGENCY, _SCHOOL)
_COURSE = _type(23_000_104, "Izin Lembaga Kursus dan Pelatihan", REGENCY, _SCHOOL)
_COLLEGE = _type(23_000_105, "Izin Pendirian Perguruan Tinggi Swasta", CENTRE, _SCHOOL)
_FOREIGN = _type(23_000_106, "Izin Satuan Pendidikan Kerja Sama", CENTRE, _SCHOOL)
_SAVINGS = _type(44_000_201, "Izin Usaha Simpan Pinjam", PROVINCE, _COOP)
_BRANCH = _type(44_000_202, "Izin Pembukaan Kantor Cabang Koperasi", PROVINCE, _COOP)
_LOCAL_SAVINGS = _type(44_000_203, "Izin Usaha Simpan Pinjam Tingkat Kabupaten/Kota", REGENCY, _COOP)
_NATIONAL_SAVINGS = _type(44_000_204, "Izin Usaha Simpan Pinjam Lintas Provinsi", CENTRE, _COOP)
_SHOP = _type(31_000_301, "Sertifikat Standar Perdagangan Eceran", REGENCY, _TRADE, "04")
_MARKET = _type(31_000_302, "Izin Toko Swalayan", PROVINCE, _TRADE)
_FACTORY = _type(31_000_303, "Izin Usaha Industri", PROVINCE, _TRADE)
_BIG_FACTORY = _type(31_000_304, "Izin Usaha Industri Skala Besar", CENTRE, _TRADE)
_KITCHEN = _type(31_000_305, "Sertifikat Standar Rumah Makan", REGENCY, "DISPORAPAR", "04")
_DISTRIBUTOR = _type(31_000_306, "Izin Distributor", CENTRE, _TRADE)

LINES: dict[Sector, tuple[Line, ...]] = {
    Sector.EDUCATION: (
        Line("85220", "Sekolah menengah atas swasta", (_SENIOR, _VOCATIONAL)),
        Line("85240", "Sekolah menengah kejuruan swasta", (_VOCATIONAL, _SENIOR)),
        Line("85132", "Taman kanak-kanak dan kelompok bermain", (_EARLY, _COURSE)),
        Line("85499", "Kursus bahasa dan keterampilan", (_COURSE, _EARLY)),
        Line("85312", "Perguruan tinggi swasta", (_COLLEGE, _FOREIGN)),
    ),
    Sector.COOPERATIVES: (
        Line("64141", "Simpan pinjam anggota", (_SAVINGS, _BRANCH)),
        Line("64142", "Unit simpan pinjam koperasi serba usaha", (_LOCAL_SAVINGS, _BRANCH)),
        Line("64143", "Simpan pinjam lintas provinsi", (_NATIONAL_SAVINGS, _BRANCH)),
    ),
    Sector.TRADE: (
        Line("47111", "Toko kelontong dan swalayan", (_SHOP, _MARKET)),
        Line("56102", "Rumah makan", (_KITCHEN, _SHOP)),
        Line("10710", "Industri roti dan kue", (_FACTORY, _SHOP)),
        Line("13912", "Industri kain dan batik", (_FACTORY, _BIG_FACTORY)),
        Line("46900", "Perdagangan besar berbagai barang", (_DISTRIBUTOR, _MARKET)),
    ),
}
"""The lines of business of each sector."""
PERMIT_TYPES = {type_.code: type_ for lines in LINES.values() for line in lines for type_ in line.types}
"""Every permit type by its code."""
