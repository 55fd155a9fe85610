"""Every link between the core types, in one table. Each belongs to the part that owns its target."""

from __future__ import annotations

from hub.schema.complaints.agencies import Agency
from hub.schema.complaints.areas import Area
from hub.schema.complaints.complaint import Complaint
from hub.schema.complaints.deliveries import Delivery
from hub.schema.complaints.filter import COMPLAINTS
from hub.schema.listing import Link
from hub.schema.payments import Payment
from hub.schema.procurement import ORDERS, ProcurementOrder, Supplier
from hub.schema.reports import REPORTS, CentralReport
from hub.schema.systems import System

_READ, _REPORTS, _PAYMENTS = "complaints:read", "reports:read", "payments:read"
_MATTER = (_READ, _REPORTS)
_PAID = (_READ, _PAYMENTS)
_SAME_MATTER = ("ticket", "report")

LINKS: tuple[Link, ...] = (
    Link(Complaint, "agency", Agency, ("agency",), "The agency that must answer; null before it is assigned."),
    Link(Complaint, "area", Area, ("area",), "The regency or city it is about."),
    Link(Agency, "complaints", Complaint, ("agency",), "Complaints it must answer.", COMPLAINTS),
    Link(Area, "complaints", Complaint, ("area",), "Complaints about it.", COMPLAINTS),
    Link(Complaint, "centralReport", CentralReport, _SAME_MATTER, "The same matter at the centre.", None, _MATTER),
    Link(CentralReport, "complaint", Complaint, _SAME_MATTER, "The province's own complaint about it.", None, (_READ,)),
    Link(CentralReport, "agency", Agency, ("agency",), "The agency that must answer, where it is one of ours."),
    Link(CentralReport, "area", Area, ("area",), "The regency or city it is about."),
    Link(Agency, "centralReports", CentralReport, ("agency",), "Reports it must answer.", REPORTS, (_REPORTS,)),
    Link(Area, "centralReports", CentralReport, ("area",), "Reports about it.", REPORTS, (_REPORTS,)),
    Link(Complaint, "payments", Payment, ("payment",), "The payments it is about.", list, _PAID),
    Link(Payment, "complaints", Complaint, ("payment",), "The complaints about it.", COMPLAINTS, (_READ,)),
    Link(Complaint, "orders", ProcurementOrder, ("order",), "The orders it is about.", list, (_READ,)),
    Link(ProcurementOrder, "complaints", Complaint, ("order",), "The complaints about it.", COMPLAINTS, (_READ,)),
    Link(ProcurementOrder, "agency", Agency, ("agency",), "The agency that ordered, where the hub knows it."),
    Link(Agency, "procurementOrders", ProcurementOrder, ("agency",), "What it ordered in online shops.", ORDERS),
    Link(Supplier, "orders", ProcurementOrder, ("supplier",), "What was ordered from it.", ORDERS),
    Link(Complaint, "deliveries", Delivery, ("ticket",), "What was brought to other systems of it.", list, (_READ,)),
    Link(Delivery, "complaint", Complaint, ("ticket",), "The complaint it is about, for who sees all of it."),
    Link(Delivery, "system", System, ("system",), "The system it goes to."),
    *(
        Link(record, "system", System, ("system",), "The system it is a record of.")
        for record in (CentralReport, Payment, ProcurementOrder)
    ),
)
