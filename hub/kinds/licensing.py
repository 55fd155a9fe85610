"""Businesses and their permits, as the national and the regional licensing systems know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from hub.kinds.base import Code, Kind


class PermitStatus(Code):
    """The status of a permit: one list for all licensing systems."""

    RECEIVED = "RECEIVED", "Diterima", "Received", "The application was received."
    VERIFICATION = "VERIFICATION", "Verifikasi", "Verification", "An office checks the application."
    INCOMPLETE = "INCOMPLETE", "Perbaikan", "Incomplete", "The applicant must complete or correct the application."
    INSPECTION = "INSPECTION", "Survei", "Inspection", "An office inspects the site."
    PAYMENT = "PAYMENT", "Pembayaran", "Payment", "A fee has to be paid or confirmed."
    APPROVAL = "APPROVAL", "Persetujuan", "Approval", "The permit waits for approval and its number."
    ISSUED = "ISSUED", "Terbit", "Issued", "The permit was issued and is in force."
    PROVISIONAL = "PROVISIONAL", "Terbit sementara", "Provisional", "The permit was issued for a limited time."
    WARNED = "WARNED", "Peringatan", "Warned", "The permit is in force; its holder was warned or fined."
    SUSPENDED = "SUSPENDED", "Dibekukan", "Suspended", "The permit is not in force for the time being."
    REJECTED = "REJECTED", "Ditolak", "Rejected", "The application was rejected."
    REVOKED = "REVOKED", "Dicabut", "Revoked", "The permit was revoked."
    CANCELLED = "CANCELLED", "Dibatalkan", "Cancelled", "The application or the permit was cancelled."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The licensing system sent a status that the hub does not know; see `sourceStatus`.",
    )


class PermitClock(Code):
    """Whether the time that the office has for a permit is running."""

    RUNNING = "RUNNING", "Berjalan", "Running", "The time is running."
    STOPPED = "STOPPED", "Berhenti", "Stopped", "The time stands still while the applicant must do something."
    RESTARTED = "RESTARTED", "Diulang", "Restarted", "The time is running, and began again from its start."
    ENDED = "ENDED", "Selesai", "Ended", "The office has decided."


class PermitSector(Code):
    """What a permit is for."""

    EDUCATION = "EDUCATION", "Pendidikan", "Education", "Schools and courses."
    COOPERATIVES = "COOPERATIVES", "Koperasi", "Cooperatives", "Cooperatives and small enterprises."
    BUSINESS = "BUSINESS", "Usaha", "Business", "Any other business."


class PermitAuthority(Code):
    """The level of government that decides a permit."""

    CENTRE = "CENTRE", "Pusat", "Central government", "The central government decides."
    PROVINCE = "PROVINCE", "Provinsi", "Province", "The province decides."
    REGENCY = "REGENCY", "Kabupaten/kota", "Regency or city", "The regency or city decides."


class BusinessStatus(Code):
    """The status of a business in the national register."""

    ACTIVE = "ACTIVE", "Aktif", "Active", "The business is registered and active."
    INACTIVE = "INACTIVE", "Belum aktif", "Not active yet", "The business is registered and not active yet."
    MAY_TRADE = "MAY_TRADE", "Diizinkan berusaha", "May trade", "The business may begin to trade."
    MAY_OPERATE = "MAY_OPERATE", "Diizinkan beroperasi", "May operate", "The business may operate."
    SUSPENDED = "SUSPENDED", "Dibekukan", "Suspended", "The registration is not in force for the time being."
    REVOKED = "REVOKED", "Dicabut", "Revoked", "The registration was revoked or cancelled."
    UNKNOWN = (
        "UNKNOWN",
        "Tidak dikenal",
        "Unknown",
        "The register sent a status that the hub does not know; see `sourceStatus`.",
    )


class BusinessScale(Code):
    """The size of a business."""

    MICRO = "MICRO", "Mikro", "Micro", "A micro enterprise."
    SMALL = "SMALL", "Kecil", "Small", "A small enterprise."
    MEDIUM = "MEDIUM", "Menengah", "Medium", "A medium enterprise."
    LARGE = "LARGE", "Besar", "Large", "A large enterprise."


class LegalForm(Code):
    """The legal form of a business."""

    LIMITED_COMPANY = "LIMITED_COMPANY", "PT", "Limited company", "A limited company (PT)."
    LIMITED_PARTNERSHIP = "LIMITED_PARTNERSHIP", "CV", "Limited partnership", "A limited partnership (CV)."
    PARTNERSHIP = "PARTNERSHIP", "Firma", "Partnership", "A partnership (firma)."
    COOPERATIVE = "COOPERATIVE", "Koperasi", "Cooperative", "A cooperative."
    FOUNDATION = "FOUNDATION", "Yayasan", "Foundation", "A foundation."
    INDIVIDUAL = "INDIVIDUAL", "Perseorangan", "Individual", "A person who trades under their own name."
    SOLE_COMPANY = "SOLE_COMPANY", "PT Perorangan", "Sole company", "A limited company with one founder."
    VILLAGE_COMPANY = "VILLAGE_COMPANY", "BUM Desa", "Village company", "A company of one village or of several."
    OTHER = "OTHER", "Lainnya", "Other", "Another form."


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit(Kind):
    """A permit or an application for one, without the applicant. Dates are ISO 8601.

    ``permit_id`` is the number that the national system gives it, ``application_number`` the regional one, ``number``
    that of the issued permit. ``sector``, ``authority``, ``scale`` and ``clock`` are codes of the enums above. A KBLI
    code means something only together with its edition.
    """

    kind: ClassVar[str] = "permit"
    statuses: ClassVar[type[Code]] = PermitStatus
    with_status: ClassVar[tuple[str, ...]] = ("clock", "occurred_at")
    indexed: ClassVar[tuple[str, ...]] = ("agency_code", "area_code", "sector", "authority", "type_code", "nib")
    fact_of_key: ClassVar[Mapping[str, str]] = {"agency": "agency_code", "area": "area_code"}

    permit_id: str | None
    application_number: str | None
    number: str | None
    nib: str | None
    project_id: str | None
    type_code: str | None
    type_name: str | None
    sector: str | None
    authority: str | None
    agency_code: str | None
    office: str | None
    area_code: str | None
    kbli: str | None
    kbli_edition: int | None
    scale: str | None
    issued_on: str | None
    valid_until: str | None
    clock: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Business(Kind):
    """A business of the national register, without its people.

    ``name`` is None for an individual, whose business has a person's name. ``kbli`` are the codes of its projects.
    """

    kind: ClassVar[str] = "business"
    statuses: ClassVar[type[Code]] = BusinessStatus
    indexed: ClassVar[tuple[str, ...]] = ("nib", "area_code", "legal_form")
    fact_of_key: ClassVar[Mapping[str, str]] = {"area": "area_code"}

    nib: str
    name: str | None
    legal_form: str | None
    scale: str | None
    kbli: list[str]
    kbli_edition: int | None
    area_code: str | None
