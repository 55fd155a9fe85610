"""A client submits complaints only by its own channels, whichever user it acts for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.store import migrations
from hub.store.oauth import clients
from hub.store.oauth.clients import Client
from hub.viewer import Viewer, ViewerKind
from tests.schema.complaint_mutations import submit
from tests.schema.harness import CAUSE, Stage

SUBMIT = frozenset({"complaints:submit"})
PARTNER = Viewer(ViewerKind.PARTNER, "client:gojek", SUBMIT, "gojek")
THROUGH_IT = Viewer(ViewerKind.OFFICER, "u_desk", SUBMIT, "gojek")
GOJEK = Client("gojek", "Gojek", "PT Uji", "client_secret_basic", ("client_credentials",), tuple(SUBMIT))


async def outcome(stage: Stage, viewer: Viewer, channel: str) -> str:
    """Return the type of the response to a submission."""
    answer = await submit(stage, viewer, channel=channel, idempotencyKey=f"submitted-by-{channel}")
    return str(answer.data["submitComplaint"]["__typename"])


@pytest.mark.parametrize("viewer", [PARTNER, THROUGH_IT], ids=["itself", "a person"])
async def test_a_client_submits_by_its_own_channels_only(stage: Stage, viewer: Viewer) -> None:
    free, viewer = viewer, replace(viewer, channels=("GOJEK", "MOBILE_APP"))
    answer = await submit(stage, viewer, "en", channel="WEB")
    assert answer.data["submitComplaint"]["problems"] == [
        {
            "field": "channel",
            "code": "NOT_ALLOWED",
            "message": "This client can submit complaints only by: GOJEK, MOBILE_APP.",
        }
    ]
    assert await stage.rows("select ticket from complaints") == []
    # The key of what was refused is free for what is right.
    assert (await submit(stage, viewer, channel="GOJEK")).data["submitComplaint"][
        "__typename"
    ] == "SubmitComplaintPayload"
    assert await outcome(stage, viewer, "MOBILE_APP") == "SubmitComplaintPayload"
    # What it had submitted before it was bound is answered as it was.
    assert {await outcome(stage, each, "SMS") for each in (free, viewer)} == {"SubmitComplaintPayload"}


async def test_a_client_that_names_no_channel_goes_on_by_any(stage: Stage) -> None:
    assert await outcome(stage, PARTNER, "WEB") == "SubmitComplaintPayload"


async def test_a_migration_binds_clients_to_the_channels_they_used(stage: Stage) -> None:
    async with stage.database.write(CAUSE) as db:
        await clients.create(db, GOJEK)
    for channel in ("WEB", "GOJEK", "WEB"):
        await submit(stage, PARTNER, channel=channel, idempotencyKey=f"submitted-by-{channel}")
    (script,) = Path(migrations.__file__).with_name("versions").glob("*_channels.sql")
    await stage.run(script.read_text().partition(";\n")[2].rstrip().rstrip(";"))
    assert await stage.rows("select channels from clients") == [(["GOJEK", "WEB"],)]
