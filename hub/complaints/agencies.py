"""The agencies of the province: the hub's codes, the official names, and other names in use.

No official machine-readable directory exists, so the codes are the hub's own (contract reference-data#agencies).
Validity dates keep agencies that were renamed or merged: a complaint of 2020 keeps the agency of 2020.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. ``valid_to`` is its first day out of office; ``successor`` is the code that follows it."""

    code: str
    name: str
    name_en: str
    aliases: tuple[str, ...] = ()
    valid_from: date = date(2017, 1, 1)
    valid_to: date | None = None
    successor: str | None = None

    def in_office(self, on: date) -> bool:
        """Return whether complaints can be assigned to it on the day ``on``."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


AGENCIES: tuple[Agency, ...] = (
    Agency("SETDA", "Sekretariat Daerah", "Regional Secretariat", ("Setda",)),
    Agency("SETWAN", "Sekretariat DPRD", "Secretariat of the Regional Parliament", ("Setwan",)),
    Agency("INSPEKTORAT", "Inspektorat", "Inspectorate"),
    Agency("BAPPEDA", "Badan Perencanaan Pembangunan Daerah", "Regional Planning Agency", ("Bappeda",)),
    Agency(
        "BRIDA",
        "Badan Riset dan Inovasi Daerah",
        "Regional Research and Innovation Agency",
        ("BRIDA",),
        date(2023, 1, 1),
    ),
    Agency("BAPENDA", "Badan Pendapatan Daerah", "Regional Revenue Agency", ("Bapenda", "BPPD")),
    Agency("BPKAD", "Badan Pengelola Keuangan dan Aset Daerah", "Regional Finance and Assets Agency", ("BPKAD",)),
    Agency("BKD", "Badan Kepegawaian Daerah", "Regional Civil Service Agency", ("BKD",)),
    Agency(
        "BPSDMD",
        "Badan Pengembangan Sumber Daya Manusia Daerah",
        "Regional Human Resources Development Agency",
        ("BPSDMD",),
    ),
    Agency("BANHUB", "Badan Penghubung", "Liaison Agency"),
    Agency("BPBD", "Badan Penanggulangan Bencana Daerah", "Regional Disaster Management Agency", ("BPBD",)),
    Agency(
        "KESBANGPOL",
        "Badan Kesatuan Bangsa dan Politik",
        "National Unity and Politics Agency",
        ("Kesbangpol", "Bakesbangpol"),
    ),
    Agency(
        "DISDIKBUD",
        "Dinas Pendidikan dan Kebudayaan",
        "Education and Culture Office",
        ("Disdikbud", "Dinas Pendidikan", "Dinas Pendidikan & Kebudayaan"),
    ),
    Agency("DINKES", "Dinas Kesehatan", "Health Office", ("Dinkes",)),
    Agency(
        "DPUBMCK",
        "Dinas Pekerjaan Umum Bina Marga dan Cipta Karya",
        "Roads and Buildings Office",
        ("DPU Bina Marga", "DPUBMCK", "Dinas PU Bina Marga dan Cipta Karya"),
    ),
    Agency(
        "PUSDATARU",
        "Dinas Pekerjaan Umum Sumber Daya Air dan Penataan Ruang",
        "Water Resources and Spatial Planning Office",
        ("Pusdataru", "Dinas PU SDA dan Penataan Ruang", "Dinas PU Sumber Daya Air dan Penataan Ruang"),
    ),
    Agency(
        "DISPERAKIM", "Dinas Perumahan Rakyat dan Kawasan Permukiman", "Housing and Settlements Office", ("Disperakim",)
    ),
    Agency("DINSOS", "Dinas Sosial", "Social Affairs Office", ("Dinsos",)),
    Agency(
        "DISNAKERTRANS",
        "Dinas Tenaga Kerja dan Transmigrasi",
        "Manpower and Transmigration Office",
        ("Disnakertrans", "Dinas Tenaga Kerja"),
    ),
    Agency(
        "DP3AKB",
        "Dinas Pemberdayaan Perempuan, Perlindungan Anak, Pengendalian Penduduk dan Keluarga Berencana",
        "Women, Children and Family Planning Office",
        ("DP3AP2KB", "DP3AKB", "PPPA-Dalduk-KB"),
    ),
    Agency("DISHANPAN", "Dinas Ketahanan Pangan", "Food Security Office", ("Dishanpan",)),
    Agency("DLHK", "Dinas Lingkungan Hidup dan Kehutanan", "Environment and Forestry Office", ("DLHK",)),
    Agency(
        "DISPERMADES",
        "Dinas Pemberdayaan Masyarakat, Desa, Kependudukan dan Pencatatan Sipil",
        "Villages and Civil Registry Office",
        ("Dispermadesdukcapil", "PMD-Dukcapil"),
    ),
    Agency("DISHUB", "Dinas Perhubungan", "Transport Office", ("Dishub", "Trans Jateng", "BTJT")),
    Agency(
        "DISKOMINFO",
        "Dinas Komunikasi dan Informatika",
        "Communication and Informatics Office",
        ("Diskominfo", "Dinas Kominfo"),
    ),
    Agency(
        "DINKOPUKM",
        "Dinas Koperasi, Usaha Kecil dan Menengah",
        "Cooperatives and Small Firms Office",
        ("Dinkop UKM", "Dinas Koperasi dan UKM", "Dinas Koperasi-UKM"),
    ),
    Agency(
        "DPMPTSP",
        "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu",
        "Investment and One-Stop Services Office",
        ("DPMPTSP", "PMPTSP"),
    ),
    Agency(
        "DISPORAPAR",
        "Dinas Kepemudaan, Olahraga dan Pariwisata",
        "Youth, Sports and Tourism Office",
        ("Disporapar", "Dinas Pariwisata"),
    ),
    Agency("DINARPUS", "Dinas Kearsipan dan Perpustakaan", "Archives and Library Office", ("Dinarpus",)),
    Agency("DKP", "Dinas Kelautan dan Perikanan", "Marine and Fisheries Office", ("DKP", "Dislutkan")),
    Agency("DISTANBUN", "Dinas Pertanian dan Perkebunan", "Agriculture and Plantations Office", ("Distanbun",)),
    Agency(
        "DISNAKKESWAN", "Dinas Peternakan dan Kesehatan Hewan", "Livestock and Animal Health Office", ("Disnakkeswan",)
    ),
    Agency(
        "DESDM", "Dinas Energi dan Sumber Daya Mineral", "Energy and Mineral Resources Office", ("Dinas ESDM", "ESDM")
    ),
    Agency("DISPERINDAG", "Dinas Perindustrian dan Perdagangan", "Industry and Trade Office", ("Disperindag",)),
    Agency("SATPOLPP", "Satuan Polisi Pamong Praja", "Municipal Police Unit", ("Satpol PP",)),
    Agency(
        "BIRO-PEMOTDA",
        "Biro Pemerintahan, Otonomi Daerah dan Kerja Sama",
        "Government and Cooperation Bureau",
        ("Biro Pemotdaks", "Biro Pemerintahan-Otda-Kerjasama"),
    ),
    Agency("BIRO-HUKUM", "Biro Hukum", "Legal Bureau"),
    Agency("BIRO-KESRA", "Biro Kesejahteraan Rakyat", "Public Welfare Bureau", ("Biro Kesra",)),
    Agency(
        "BIRO-APD",
        "Biro Administrasi Pembangunan Daerah",
        "Development Administration Bureau",
        ("Biro Administrasi Pembangunan",),
    ),
    Agency(
        "BIRO-APBJ",
        "Biro Administrasi Pengadaan Barang dan Jasa",
        "Procurement Bureau",
        ("Biro APBJ", "Biro Administrasi Pengadaan Barang/Jasa", "Biro Administrasi Pengadaan B/J"),
    ),
    Agency(
        "BIRO-ISDA",
        "Biro Infrastruktur dan Sumber Daya Alam",
        "Infrastructure and Natural Resources Bureau",
        ("Biro ISDA", "Biro Infrastruktur & SDA"),
    ),
    Agency("BIRO-EKON", "Biro Perekonomian", "Economic Bureau"),
    Agency("BIRO-ORGANISASI", "Biro Organisasi", "Organisation Bureau"),
    Agency("BIRO-UMUM", "Biro Umum", "General Affairs Bureau"),
    Agency("RSUD-MOEWARDI", "RSUD Dr. Moewardi", "Dr Moewardi Hospital", ("RS Moewardi", "RSDM")),
    Agency("RSUD-MARGONO", "RSUD Prof. Dr. Margono Soekarjo", "Prof Dr Margono Soekarjo Hospital", ("RS Margono",)),
    Agency("RSUD-ADHYATMA", "RSUD dr. Adhyatma, MPH", "Dr Adhyatma Hospital", ("RSUD Tugurejo", "RS Tugurejo")),
    Agency("RSUD-REHATTA", "RSUD dr. Rehatta", "Dr Rehatta Hospital", ("RSUD Kelet", "RS Kelet")),
    Agency("RSJD-AMINO", "RSJD Dr. Amino Gondohutomo", "Dr Amino Gondohutomo Mental Hospital", ("RSJ Amino",)),
    Agency(
        "RSJD-ZAINUDIN", "RSJD dr. Arif Zainudin", "Dr Arif Zainudin Mental Hospital", ("RSJD Surakarta", "RSJ Solo")
    ),
    Agency("RSJD-SOEDJARWADI", "RSJD Dr. RM Soedjarwadi", "Dr RM Soedjarwadi Mental Hospital", ("RSJ Klaten",)),
    Agency(
        "DPPKI",
        "Dinas Perhubungan, Komunikasi dan Informatika",
        "Transport, Communication and Informatics Office",
        ("Dishubkominfo",),
        date(2008, 1, 1),
        date(2017, 1, 1),
        "DISHUB",
    ),
)
MAX_NAME_LENGTH = 300
"""Number of characters of a name that are compared."""
_IGNORED_WORDS = frozenset(
    {"provinsi", "prov", "jawa", "tengah", "jateng", "dan", "dr", "prof", "mph", "drg", "ir", "rm"}
)

BY_CODE = {agency.code: agency for agency in AGENCIES}


def normalise_name(name: str) -> str:
    """Return a name in the form in which names are compared.

    That is its words in lower case, without titles, "dan" and the name of the province.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name[:MAX_NAME_LENGTH]).casefold())
    return " ".join(word for word in words if word not in _IGNORED_WORDS)


def _names(agency: Agency) -> Iterator[str]:
    """Yield every name of an agency. An alias may follow the type of agency, as in "Dinas PMPTSP"."""
    kind = agency.name.split()[0]
    yield from (agency.code, agency.name, *agency.aliases)
    yield from (f"{kind} {alias}" for alias in agency.aliases)


_BY_NAME = {normalise_name(name): agency.code for agency in AGENCIES for name in _names(agency)}
_SUCCESSOR = {agency.code: agency.successor for agency in AGENCIES if agency.successor}


def find_code(name: str) -> str | None:
    """Return the code of the agency with this name, or of its successor if it was dissolved; None if it is unknown.

    Aliases and other spellings are recognised, with or without a part in brackets.
    """
    without_brackets = re.sub(r"\([^()]*\)", " ", name)
    code = _BY_NAME.get(normalise_name(name)) or _BY_NAME.get(normalise_name(without_brackets))
    return _SUCCESSOR.get(code, code) if code else None
