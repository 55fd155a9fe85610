"""The document of a business: ``dataNIB`` of contract oss#receive-nib, and that of ``inqueryNIB``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.complaints.agencies import BY_CODE as AGENCIES
from hub.connectors.oss.sandbox.filings import FiledPermit, Filing
from hub.demo.businesses import PERSON, Business, Project
from hub.demo.months import JAKARTA
from hub.demo.permit_types import OSS_SECTORS
from hub.demo.permits import Permit

Json = dict[str, Any]
VERSION = "4.3.22"


def area(code: str) -> str:
    """Return the ten digits of an area."""
    return code.replace(".", "").ljust(10, "0")


def stamp(at: datetime) -> str:
    """Return a time as OSS writes it, without a zone."""
    return f"{at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}"


def document(business: Business, filing: Filing, *, long_kbli: bool = False) -> Json:
    """Return the whole document; with ``long_kbli``, KBLI codes have seven digits."""
    person = business.form == PERSON
    return {
        "nib": business.nib,
        "tgl_pengajuan_nib": stamp(filing.registered_at),
        "tgl_terbit_nib": stamp(filing.registered_at),
        "tgl_perubahan_nib": stamp(filing.changed_at),
        "oss_id": business.oss_id,
        "id_izin": "",
        "kd_izin": "",
        "kd_daerah": area(business.area_code),
        "kewenangan": "00",
        "jenis_pelaku_usaha": "02" if person else "01",
        "status_nib": filing.status,
        "tipe_dokumen": filing.document_type,
        "versi_pia": VERSION,
        "flag_perubahan_data_teknis": "N",
        "jenis_perubahan_terakhir": "0",
        "satu_lini": "N",
        **_company(business, filing),
        **_people(business),
        "legalitas": [],
        "data_rptka": {},
        "data_proyek": [
            _project(business, filing, project, place, long_kbli) for place, project in enumerate(business.projects, 1)
        ],
        "data_checklist": [
            _checklist(business, filed, permit) for filed, permit in zip(filing.permits, business.permits, strict=False)
        ],
    }


def inquired(business: Business, filing: Filing, *, long_kbli: bool = False) -> Json:
    """Return the document as ``inqueryNIB`` answers it: with the status of each permit."""
    result = document(business, filing, long_kbli=long_kbli)
    for row, filed in zip(result["data_checklist"], filing.permits, strict=True):
        row |= {"status_checklist": filed.status[0], "file_izin_oss": row["file_izin"]}
    return result


def with_people_in_odd_places(data: Json) -> Json:
    """Return the document with its people in places that the contract does not name, too."""
    name = data["pemegang_saham"][0]["nama"]
    person = {"nama_user_proses": name, "nik": data["pemegang_saham"][0]["no_identitas"]}
    projects = [
        {**project, "penanggung_jwb": [person], "data_lokasi_proyek": [{**place, "pemegang_saham": {"nama": name}}]}
        for project in data["data_proyek"]
        for place in project["data_lokasi_proyek"]
    ]
    rows = [{**row, "nama_user_proses": name, "hp_user_proses": "0819 0000 0000"} for row in data["data_checklist"]]
    legal = [{"jenis_legal": "01", "nama_notaris": name}]
    return {**data, "data_proyek": projects, "data_checklist": rows, "legalitas": legal, "penanggung_jwb": person}


def _company(business: Business, filing: Filing) -> Json:
    return {
        "npwp_perseroan": business.npwp,
        "nama_perseroan": filing.name or business.name,
        "jenis_perseroan": business.form,
        "alamat_perseroan": f"Jalan Rekaan {business.number}",
        "perseroan_daerah_id": area(business.area_code),
        "kode_pos": "50000",
        "nomor_telpon": business.phone,
        "email_perusahaan": f"usaha{business.number}@usaha.example",
        "flag_umk": "Y" if (filing.scale or business.projects[0].scale) in {"01", "02"} else "N",
        "flag_perusahaan": "1",
        "no_npp": "",
        "no_va": "",
        "no_wlkp": "",
    }


def _people(business: Business) -> Json:
    nik = f"339901010180{business.number % 10_000:04}"
    return {
        "pemegang_saham": [{"nama": business.owner, "no_identitas": nik, "jabatan": "Pemilik"}],
        "penanggung_jwb": [{"nama": business.owner, "no_identitas": nik, "no_hp": business.phone}],
        "nama_user_proses": business.owner,
        "email_user_proses": f"pemilik{business.number}@surel.example",
        "hp_user_proses": business.phone,
        "alamat_user_proses": f"Jalan Umpama {business.number}",
    }


def _project(business: Business, filing: Filing, project: Project, place: int, long_kbli: bool) -> Json:
    kbli = filing.kbli or project.line.kbli
    location = {
        "proyek_daerah_id": area(business.area_code),
        "alamat_usaha": f"Jalan Rekaan {business.number} nomor {place}",
    }
    return {
        "id_proyek": project.id,
        "nomor_proyek": f"{place}",
        "kbli": f"{kbli}01" if long_kbli else kbli,
        "sektor": OSS_SECTORS[business.sector],
        "uraian_usaha": project.line.text,
        "skala_usaha": filing.scale or project.scale,
        "skala_resiko": project.risk,
        "jumlah_investasi": f"{project.investment}",
        "data_lokasi_proyek": [location],
        "data_proyek_produk": [{"id_produk": f"{project.id}-1", "jenis_produk": project.line.text}],
    }


def _checklist(business: Business, filed: FiledPermit, permit: Permit) -> Json:
    issued = filed.licence_number is not None
    automatic = any(code == "57" for code, _ in filed.steps)
    return {
        "id_produk": f"{permit.project_id}-1",
        "id_proyek": permit.project_id,
        "id_izin": permit.id,
        "jenis_izin": permit.type.klass,
        "kd_izin": permit.type.code,
        "kd_daerah": area(business.area_code),
        "nama_izin": permit.type.name,
        "instansi": AGENCIES[permit.type.agency_code].name,
        "kewenangan": filed.authority,
        "flag_checklist": ("O" if automatic else "Y") if issued else "N",
        "no_izin": filed.licence_number or "",
        "tgl_izin": f"{filed.issued_on}" if filed.issued_on else "",
        "file_izin": f"https://oss.example/izin/{permit.number}.pdf" if issued else "",
        "data_persyaratan": _requirements(business),
    }


def _requirements(business: Business) -> list[Json]:
    """Return the documents of the application: the number in the sector's own register (ASSUMED)."""
    if business.own_number is None:
        return []
    register, number = business.own_number
    return [
        {
            "id_syarat": register.upper().replace(" ", "_"),
            "no_dokumen": number,
            "tgl_dokumen": f"{business.registered_at.astimezone(JAKARTA):%Y-%m-%d}",
            "file_dokumen": "",
            "keterangan": register,
        }
    ]
