"""Names of agencies in other systems; no name belongs to two of them."""

from __future__ import annotations

import pytest

from hub.complaints.agencies import AGENCIES, _names, find_code, normalise_name

# The agencies (contract reference-data#agencies), name by name, as a system writes them that has no code for a unit.
F2 = {
    "SETDA": "Sekretariat Daerah",
    "SETWAN": "Sekretariat DPRD",
    "INSPEKTORAT": "Inspektorat",
    "BAPPEDA": "Badan Bappeda",
    "BRIDA": "BRIDA",
    "BAPENDA": "Bapenda",
    "BPKAD": "BPKAD",
    "BKD": "BKD",
    "BPSDMD": "BPSDMD",
    "BANHUB": "Badan Penghubung",
    "BPBD": "BPBD",
    "KESBANGPOL": "Badan Kesbangpol",
    "DISDIKBUD": "Dinas Pendidikan & Kebudayaan",
    "DINKES": "Dinas Kesehatan",
    "DPUBMCK": "Dinas PU Bina Marga & Cipta Karya",
    "PUSDATARU": "Dinas PU Sumber Daya Air & Penataan Ruang",
    "DISPERAKIM": "Dinas Perumahan Rakyat & Kawasan Permukiman",
    "DINSOS": "Dinas Sosial",
    "DISNAKERTRANS": "Dinas Tenaga Kerja & Transmigrasi",
    "DP3AKB": "Dinas PPPA-Dalduk-KB",
    "DISHANPAN": "Dinas Ketahanan Pangan",
    "DLHK": "Dinas Lingkungan Hidup & Kehutanan",
    "DISPERMADES": "Dinas PMD-Dukcapil",
    "DISHUB": "Dinas Perhubungan",
    "DISKOMINFO": "Dinas Kominfo",
    "DINKOPUKM": "Dinas Koperasi-UKM",
    "DPMPTSP": "Dinas PMPTSP",
    "DISPORAPAR": "Dinas Kepemudaan-Olahraga-Pariwisata",
    "DINARPUS": "Dinas Kearsipan & Perpustakaan",
    "DKP": "Dinas Kelautan & Perikanan",
    "DISTANBUN": "Dinas Pertanian & Perkebunan",
    "DISNAKKESWAN": "Dinas Peternakan & Kesehatan Hewan",
    "DESDM": "Dinas ESDM",
    "DISPERINDAG": "Dinas Perindustrian & Perdagangan",
    "SATPOLPP": "Satpol PP",
    "BIRO-PEMOTDA": "Biro Pemerintahan-Otda-Kerjasama",
    "BIRO-HUKUM": "Biro Hukum",
    "BIRO-KESRA": "Biro Kesra",
    "BIRO-APD": "Biro Administrasi Pembangunan Daerah",
    "BIRO-APBJ": "Biro Administrasi Pengadaan B/J",
    "BIRO-ISDA": "Biro Infrastruktur & SDA",
    "BIRO-EKON": "Biro Perekonomian",
    "BIRO-ORGANISASI": "Biro Organisasi",
    "BIRO-UMUM": "Biro Umum",
    "RSUD-MOEWARDI": "RSUD Moewardi",
    "RSUD-MARGONO": "RSUD Margono Soekarjo",
    "RSUD-ADHYATMA": "RSUD Adhyatma (Tugurejo)",
    "RSUD-REHATTA": "RSUD Rehatta (Kelet)",
    "RSJD-AMINO": "RSJD Amino Gondohutomo",
    "RSJD-ZAINUDIN": "RSJD Arif Zainudin",
    "RSJD-SOEDJARWADI": "RSJD Soedjarwadi",
}


def test_every_agency_in_office_is_in_the_list() -> None:
    assert F2.keys() == {agency.code for agency in AGENCIES if agency.valid_to is None}


@pytest.mark.parametrize(("code", "name"), F2.items())
def test_a_name_of_the_list_is_known_however_it_is_written(code: str, name: str) -> None:
    for written in (
        name,
        name.upper(),
        f"{name} Provinsi Jawa Tengah",
        name.replace("&", "dan"),
        f" {name}. ",
        f"{name}\u00a0",
    ):
        assert find_code(written) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("RSUD Dr. Adhyatma", "RSUD-ADHYATMA"),
        ("RSUD dr Adhyatma MPH Prov. Jateng", "RSUD-ADHYATMA"),
        ("RSUD Prof.Dr.Margono Soekarjo", "RSUD-MARGONO"),
        ("DISHUBKOMINFO", "DISHUB"),
        ("Dinas Perhubungan Kota Semarang", None),
        ("Dinas", None),
        ("RSUD", None),
        ("Biro", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_other_names(name: str, code: str | None) -> None:
    assert find_code(name) == code


def test_no_name_is_used_twice() -> None:
    known: dict[str, set[str]] = {}
    for agency in AGENCIES:
        for name in _names(agency):
            known.setdefault(normalise_name(name), set()).add(agency.code)
    assert {name: codes for name, codes in known.items() if len(codes) > 1 or not name} == {}
