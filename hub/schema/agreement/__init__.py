"""The part ``agreement``: whether two systems that have the same matter have the same values."""

from __future__ import annotations

from hub.agreement.acts import DisagreementAct
from hub.agreement.enums import AgreementState, DifferenceCause, NextStep
from hub.schema.nodes import code_enum
from hub.schema.part import Part

part = Part("agreement", "Whether two systems that have the same matter agree on it.")

for _codes, _description in (
    (AgreementState, "Whether the two sides of a matter agree; new values may be added."),
    (DifferenceCause, "Why two sides differ; new values may be added."),
    (NextStep, "What happens next about a difference; new values may be added."),
    (DisagreementAct, "What a person does about a disagreement."),
):
    code_enum(_codes, _description)
