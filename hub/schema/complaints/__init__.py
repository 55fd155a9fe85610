"""The part ``complaints``: the province's own complaint service, its agencies and areas."""

from __future__ import annotations

from hub.complaints.adopting import Keep
from hub.complaints.codes import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.complaints.workflow import Action, RejectReason, Role, Verdict
from hub.connectors.sharing import Authority
from hub.schema.nodes import code_enum
from hub.schema.part import Part

part = Part("complaints", "The province's complaint service.")

for _codes, _description in (
    (Channel, "Where a complaint came in."),
    (ComplaintClass, "What a complaint is."),
    (ComplaintStatus, "Where a complaint stands."),
    (Role, "In what role somebody moves a complaint."),
    (Action, "What somebody does to a complaint."),
    (RejectReason, "Why a complaint is not handled."),
    (Verdict, "What the desk decides on a complaint that came in."),
    (DeliveryAction, "What a delivery does at the other side."),
    (DeliveryState, "How far a delivery is."),
    (Authority, "Which side owns a field that a complaint and another system's record both hold."),
    (Keep, "Whose word a person lets stand where two systems disagree."),
    (AttemptOutcome, "What came of one attempt to bring a delivery over."),
):
    code_enum(_codes, _description)
