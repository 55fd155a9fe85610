"""References of a complaint to other systems are linked or not found yet, and disclose nothing to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.viewer import Viewer, ViewerKind
from tests.fake_connector import order, payment
from tests.schema.complaint_mutations import submission
from tests.schema.harness import OFFICER, Stage
from tests.schema.visibility_cases import PARTNER

STATES = "references {paymentReference paymentState orderId orderState trackingId permitNumber permitState}"
SUBMITTER = replace(PARTNER, scopes=PARTNER.scopes | {"complaints:submit"})
CITIZEN = Viewer(ViewerKind.CITIZEN, "u_siti", SUBMITTER.scopes, "app")
NOT, LINKED, GIVEN = "NOT_FOUND", "LINKED", "RECORDED"

VIEWERS: dict[str, tuple[Viewer, tuple[str, str, str]]] = {
    "an officer": (OFFICER, (LINKED, LINKED, NOT)),
    "a partner": (SUBMITTER, (LINKED, NOT, NOT)),
    "a partner without merchants": (replace(SUBMITTER, merchants=frozenset()), (GIVEN,) * 3),
    "a partner that may only submit": (replace(SUBMITTER, scopes=frozenset({"complaints:submit"})), (GIVEN,) * 3),
    "one that may not read complaints": (
        replace(SUBMITTER, scopes=frozenset({"complaints:submit", "payments:read"})),
        (LINKED, NOT, NOT),
    ),
    "a citizen": (CITIZEN, (GIVEN,) * 3),
}
"""What each viewer sees of a payment to the partner's merchant, of one to another, and of one that does not exist."""
NAMED = ("P-own", "P-other", "P-none")


async def received(stage: Stage, viewer: Viewer, *inputs: Mapping[str, Any]) -> list[Any]:
    """Return the responses of several submissions in one request."""
    variables: dict[str, Any] = {
        f"i{number}": submission(idempotencyKey=f"the-key-{number}", **over) for number, over in enumerate(inputs)
    }
    declared = " ".join(f"${name}: SubmitComplaintInput!" for name in variables)
    fields = f"{{... on SubmitComplaintPayload {{ticket {STATES}}} ... on UserError {{message}}}}"
    mutations = " ".join(f"{name}: submitComplaint(input: ${name}) {fields}" for name in variables)
    return [*(await stage.got(viewer, f"mutation({declared}) {{{mutations}}}", **variables)).values()]


async def test_a_submission_shows_its_payment_as_far_as_visible(stage: Stage) -> None:
    await stage.run("insert into users (id, kind) values ('u_siti', 'CITIZEN')")
    await stage.records(payment("P-own"), payment("P-other", merchant="BAPENDA"))
    for name, (viewer, expected) in VIEWERS.items():
        references = [
            each["references"] for each in await received(stage, viewer, *({"paymentReference": p} for p in NAMED))
        ]
        assert [each["paymentReference"] for each in references] == [*NAMED]
        assert tuple(each["paymentState"] for each in references) == expected, name


async def test_what_is_not_there_yet_is_linked_once_it_comes(stage: Stage) -> None:
    named = {"paymentReference": "P-late", "orderId": "O-late", "trackingId": "7", "permitNumber": "I-late"}
    (first,) = await received(stage, SUBMITTER, named)
    assert first["references"] == {
        "paymentReference": "P-late", "paymentState": NOT, "orderId": "O-late", "orderState": NOT, "trackingId": "7",
        "permitNumber": "I-late", "permitState": GIVEN,
    }  # fmt: skip
    await stage.records(payment("P-late"), order("O-late"))
    again, nothing = await received(stage, SUBMITTER, named, {"paymentReference": None})
    assert again["ticket"] == first["ticket"]
    assert again["references"] == first["references"] | {"paymentState": LINKED, "orderState": LINKED}
    found = await stage.got(SUBMITTER, f"query($t: String!) {{complaint(ticket: $t) {{{STATES}}}}}", t=again["ticket"])
    assert found["complaint"]["references"] == again["references"]
    assert set(nothing["references"].values()) == {None}


async def test_a_secret_complaints_reference_states_stay_hidden(stage: Stage) -> None:
    await stage.records(payment("P-own"))
    (payload,) = await received(stage, SUBMITTER, {"paymentReference": "P-own", "secret": True})
    assert payload["references"]["paymentState"] == LINKED
    query = f"{{complaints {{edges {{node {{{STATES}}}}}}}}}"
    holder = Viewer(ViewerKind.HOLDER, "holder", frozenset({"complaints:read"}), ticket=payload["ticket"])
    for viewer, state in ((SUBMITTER, None), (holder, GIVEN), (OFFICER, LINKED)):
        (edge,) = (await stage.got(viewer, query))["complaints"]["edges"]
        references = edge["node"]["references"]
        assert (references and references["paymentState"]) == state
