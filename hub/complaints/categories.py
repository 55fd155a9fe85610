"""The categories of complaints, with the agency that usually answers each and their relative frequencies.

The topics and the order of the first five follow LaporGub's published figures of 2022 (contract
reference-data#laporgub). The codes are the hub's own and part of its public interface.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One category. ``agency_code`` is the agency that usually answers it; ``weight`` is its relative frequency.

    Weights of the first five are the numbers of complaints in 2022 (contract reference-data#laporgub). The other
    weights are assumed, and smaller.
    """

    code: str
    label_id: str
    label_en: str
    agency_code: str
    weight: int


CATEGORIES: tuple[Category, ...] = (
    Category("EDUCATION", "Pendidikan", "Education", "DISDIKBUD", 1026),
    Category("LABOUR", "Ketenagakerjaan", "Labour", "DISNAKERTRANS", 777),
    Category("ENERGY", "Energi dan sumber daya mineral", "Energy and mineral resources", "DESDM", 590),
    Category("SOCIAL_AID", "Bantuan sosial", "Social aid", "DINSOS", 550),
    Category("ROADS", "Jalan, jembatan, dan infrastruktur", "Roads, bridges and infrastructure", "DPUBMCK", 537),
    Category("PUBLIC_TRANSPORT", "Angkutan umum", "Public transport", "DISHUB", 520),
    Category("FARE_PAYMENT", "Pembayaran tarif angkutan", "Fare payments", "DISHUB", 410),
    Category("VEHICLE_TAX", "Pajak kendaraan dan pajak daerah", "Vehicle and regional taxes", "BAPENDA", 380),
    Category("HEALTH", "Kesehatan", "Health", "DINKES", 360),
    Category("HOSPITAL", "Pelayanan rumah sakit", "Hospital services", "RSUD-MOEWARDI", 190),
    Category("TOURISM", "Pariwisata dan tiket wisata", "Tourism and tickets", "DISPORAPAR", 180),
    Category("PROCUREMENT", "Pengadaan barang dan jasa", "Procurement and suppliers", "BIRO-APBJ", 120),
    Category("WATER", "Irigasi, sungai, dan tata ruang", "Irrigation, rivers and spatial planning", "PUSDATARU", 270),
    Category("HOUSING", "Perumahan dan permukiman", "Housing and settlements", "DISPERAKIM", 240),
    Category("ENVIRONMENT", "Lingkungan hidup dan kehutanan", "Environment and forests", "DLHK", 300),
    Category("DISASTER", "Bencana dan keadaan darurat", "Disasters and emergencies", "BPBD", 160),
    Category("AGRICULTURE", "Pertanian dan pupuk", "Farming and fertiliser", "DISTANBUN", 230),
    Category("LIVESTOCK", "Peternakan dan kesehatan hewan", "Livestock and animal health", "DISNAKKESWAN", 70),
    Category("FISHERIES", "Kelautan dan perikanan", "Sea and fisheries", "DKP", 90),
    Category("FOOD", "Pangan dan harga bahan pokok", "Food and staple prices", "DISHANPAN", 110),
    Category("TRADE", "Perdagangan dan perlindungan konsumen", "Trade and consumer protection", "DISPERINDAG", 130),
    Category("SMALL_BUSINESS", "Koperasi dan UMKM", "Cooperatives and small firms", "DINKOPUKM", 150),
    Category("PERMITS", "Perizinan dan investasi", "Permits and investment", "DPMPTSP", 140),
    Category("CIVIL_REGISTRY", "Kependudukan dan desa", "Civil registry and villages", "DISPERMADES", 350),
    Category("WOMEN_CHILDREN", "Perempuan dan anak", "Women and children", "DP3AKB", 100),
    Category("PUBLIC_ORDER", "Ketertiban umum", "Public order", "SATPOLPP", 170),
    Category("DIGITAL", "Layanan digital dan informasi", "Digital services and information", "DISKOMINFO", 150),
    Category("CIVIL_SERVICE", "Kepegawaian dan seleksi ASN", "Civil servants and their selection", "BKD", 140),
    Category(
        "INTEGRITY", "Pungutan liar dan penyalahgunaan wewenang", "Extortion and abuse of office", "INSPEKTORAT", 130
    ),
    Category("OTHER", "Lain-lain", "Other", "SETDA", 200),
)
BY_CODE = {category.code: category for category in CATEGORIES}
