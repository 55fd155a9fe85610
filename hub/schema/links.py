"""All links between the core types. ``hub.schema.graph`` adds each one to the part that owns its target."""

from __future__ import annotations

from hub.schema.complaints.agencies import Agency
from hub.schema.complaints.areas import Area
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.deliveries import Delivery
from hub.schema.complaints.filter import COMPLAINTS
from hub.schema.licensing.businesses import BUSINESSES, Business
from hub.schema.licensing.permits import PERMITS, Permit
from hub.schema.link_fields import Link
from hub.schema.payments import Payment
from hub.schema.procurement import ORDERS, ProcurementOrder, Supplier
from hub.schema.reports import REPORTS, CentralReport
from hub.schema.systems import System

_READ, _REPORTS, _PAYMENTS = "complaints:read", "reports:read", "payments:read"
_MATTER = (_READ, _REPORTS)
_PAID = (_READ, _PAYMENTS)
_SAME_MATTER = ("counterpart",)
_LICENSING = ("licensing:read",)
_SAME_BUSINESS = ("nib", "npwp")

LINKS: tuple[Link, ...] = (
    Link(
        Complaint, "agency", Agency, ("agency",), "The agency that must answer; null before the complaint is assigned."
    ),
    Link(Complaint, "area", Area, ("area",), "The regency or city that it concerns; null if unknown."),
    Link(Agency, "complaints", Complaint, ("agency",), "Complaints that the agency must answer.", COMPLAINTS),
    Link(Area, "complaints", Complaint, ("area",), "Complaints that concern the area.", COMPLAINTS),
    Link(
        Complaint,
        "centralReport",
        CentralReport,
        _SAME_MATTER,
        "The report on the same matter at the national complaint service; null if there is none.",
        None,
        _MATTER,
    ),
    Link(
        Complaint,
        "claims",
        CentralReport,
        ("claim",),
        "Reports that may be on the same matter, because the complaint names the report or the report names the ticket."
        " The complaint desk decides with `resolveClaim`; the list is empty for all others.",
        list,
        _MATTER,
    ),
    Link(
        CentralReport,
        "complaint",
        Complaint,
        _SAME_MATTER,
        "The province's complaint on the same matter; null if there is none.",
        None,
        (_READ,),
    ),
    Link(
        CentralReport,
        "agency",
        Agency,
        ("agency",),
        "The agency of the province that must answer; null if another institution must.",
    ),
    Link(CentralReport, "area", Area, ("area",), "The regency or city that it concerns; null if unknown."),
    Link(
        Agency,
        "centralReports",
        CentralReport,
        ("agency",),
        "Reports that the agency must answer.",
        REPORTS,
        (_REPORTS,),
    ),
    Link(Area, "centralReports", CentralReport, ("area",), "Reports that concern the area.", REPORTS, (_REPORTS,)),
    Link(Complaint, "payments", Payment, ("payment",), "Payments that the complaint concerns.", list, _PAID),
    Link(Payment, "complaints", Complaint, ("payment",), "Complaints that concern it.", COMPLAINTS, (_READ,)),
    Link(
        Complaint,
        "procurementOrders",
        ProcurementOrder,
        ("order",),
        "Procurement orders that the complaint concerns.",
        list,
        (_READ,),
    ),
    Link(ProcurementOrder, "complaints", Complaint, ("order",), "Complaints that concern it.", COMPLAINTS, (_READ,)),
    Link(
        ProcurementOrder,
        "agency",
        Agency,
        ("agency",),
        "The agency that placed the order; null if the hub does not know it.",
    ),
    Link(
        Agency,
        "procurementOrders",
        ProcurementOrder,
        ("agency",),
        "Orders that the agency placed in online shops.",
        ORDERS,
    ),
    Link(Supplier, "procurementOrders", ProcurementOrder, ("supplier",), "Orders placed with the supplier.", ORDERS),
    Link(
        Complaint,
        "permits",
        Permit,
        ("permit",),
        "Permits that the complaint concerns, in every licensing system that has them.",
        list,
        (_READ, *_LICENSING),
    ),
    Link(Permit, "complaints", Complaint, ("permit",), "Complaints that concern it.", COMPLAINTS, (_READ,)),
    Link(
        Permit,
        "agency",
        Agency,
        ("agency",),
        "The agency of the province that handles the permit; null if another office does.",
    ),
    Link(Permit, "area", Area, ("area",), "The regency or city that it is for; null if unknown."),
    Link(
        Permit,
        "business",
        Business,
        ("nib",),
        "The business that the permit is for; null if the hub does not have it.",
    ),
    Link(Agency, "permits", Permit, ("agency",), "Permits that the agency handles.", PERMITS, _LICENSING),
    Link(Area, "permits", Permit, ("area",), "Permits for the area.", PERMITS, _LICENSING),
    Link(Area, "businesses", Business, ("area",), "Businesses in the area.", BUSINESSES, _LICENSING),
    Link(Business, "area", Area, ("area",), "The regency or city of its seat; null if unknown."),
    Link(Business, "permits", Permit, ("nib",), "Permits of the business, in every licensing system.", PERMITS),
    Link(
        Business,
        "payments",
        Payment,
        _SAME_BUSINESS,
        "Payments that name the business by its number in the national register or its tax number.",
        list,
        (_PAYMENTS,),
    ),
    Link(
        Business,
        "procurementOrders",
        ProcurementOrder,
        _SAME_BUSINESS,
        "Procurement orders that name the business by its number in the national register or its tax number. The name"
        " of a supplier is no proof that it is the business.",
        list,
    ),
    Link(
        Complaint, "deliveries", Delivery, ("ticket",), "Messages about the complaint to other systems.", list, (_READ,)
    ),
    Link(
        Delivery,
        "complaint",
        Complaint,
        ("ticket",),
        "The complaint that is delivered; null if the viewer may not see it in full.",
    ),
    Link(Delivery, "system", System, ("system",), "The receiving system."),
    *(
        Link(record, "system", System, ("system",), "The system that the record comes from.")
        for record in (CentralReport, Payment, ProcurementOrder, Permit, Business)
    ),
)
