"""The part ``complaints``: the complaints of the province's own service, with agencies, areas and deliveries."""

from __future__ import annotations

from hub.complaints.enums import Channel, ComplaintClass, ComplaintStatus
from hub.complaints.field_authority import Authority
from hub.complaints.forwarding import AttemptOutcome, DeliveryAction, DeliveryState
from hub.complaints.shared_fields import ComplaintField, ConflictResolution
from hub.complaints.workflow import Action, RejectionReason, Role, Verdict
from hub.schema.nodes import code_enum
from hub.schema.part import Part

part = Part("complaints", "The province's complaint service.")

for _codes, _description in (
    (Channel, "The channel through which a complaint was submitted."),
    (ComplaintClass, "The class of a complaint, which determines its deadlines."),
    (ComplaintStatus, "The status of a complaint."),
    (Role, "The role of a person who acts on a complaint."),
    (Action, "An action on a complaint."),
    (RejectionReason, "Why a complaint was rejected."),
    (Verdict, "The complaint desk's decision on a new complaint."),
    (DeliveryAction, "What a delivery transmits to the other system."),
    (DeliveryState, "The state of a delivery."),
    (Authority, "Which side decides the value of a field that a complaint shares with a record of another system."),
    (ComplaintField, "A field of a complaint that may be shared with another system."),
    (ConflictResolution, "A person's decision on a conflict between a complaint and another system."),
    (AttemptOutcome, "The outcome of an attempt to send a delivery, of a look-up, or of a person's decision."),
):
    code_enum(_codes, _description)
