"""What the filled hub has none of: a business of a known permit, a complaint about that permit that is being forwarded,
changes in the feed, and a partner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from hub.connectors import oss
from hub.store.database import Database
from tests.clients.hub_server import Hub, data
from tests.sync import isolated_sequencer

BUSINESS = json.loads((Path(str(oss.__file__)).parent / "samples" / "business.json").read_text())["raw"]
PERMIT = "{ permits(first: 1) { nodes { nib applicationNumber } } }"
PUT = """mutation ($rows: [JSON!]!) { putRecords(input: {idempotencyKey: "a-business", system: "oss", rows: $rows}) {
  __typename ... on PutRecordsPayload { rows { outcome reason } } } }"""
SUBMIT = """mutation ($permit: String) { submitComplaint(input: {idempotencyKey: "of-a-permit", channel: GOJEK,
  class: COMPLAINT, title: "Izin belum terbit", text: "Izin saya belum terbit juga.", areaCode: "33.74",
  anonymous: true, permitNumber: $permit}) { ... on SubmitComplaintPayload { ticket } } }"""
VERIFY = """mutation ($ticket: String!) {
  verifyComplaint(input: {ticket: $ticket, verdict: VERIFIED}) { __typename } }"""
FORWARD = """mutation ($ticket: String!) {
  forwardComplaint(input: {ticket: $ticket, system: "lapor"}) { __typename } }"""
SCOPES = ("complaints:read", "payments:read", "reports:read")


async def fill_more(hub: Hub, url: str) -> None:
    """Add the rows by the graph at ``url``, and give the changes so far their positions in the feed."""
    permit = (await data(url, PERMIT))["permits"]["nodes"][0]
    business = {**BUSINESS, "id": f"NIB-{permit['nib']}", "usaha": {**BUSINESS["usaha"], "nib": permit["nib"]}}
    put = (await data(url, PUT, {"rows": [business]}))["putRecords"]
    assert [row["outcome"] for row in put["rows"]] == ["CREATED"], put
    submitted = (await data(url, SUBMIT, {"permit": permit["applicationNumber"]}))["submitComplaint"]
    for mutation in (VERIFY, FORWARD):
        (result,) = (await data(url, mutation, submitted)).values()
        assert result["__typename"].endswith("Payload"), result
    database = Database(hub.environment["HUB_DATABASE_URL"])
    try:
        await isolated_sequencer.sequence(database)
    finally:
        await database.close()


async def partner_token(hub: Hub, url: str) -> str:
    """Return an access token of a partner, which sees less than an officer."""
    usual = ("--id", "gerbang", "--name", "Gerbang", "--organisation", "PT Gerbang (contoh)", "--channel", "GOJEK")
    allowed = ("--method", "client_secret_basic", "--grant", "client_credentials", "--merchant", "TRANSJATENG")
    scopes = [argument for scope in SCOPES for argument in ("--scope", scope)]
    client: dict[str, Any] = json.loads(await hub.command("clients", "create", *usual, *allowed, *scopes, "--json"))
    async with httpx.AsyncClient(trust_env=False) as http:
        auth = httpx.BasicAuth(client["id"], client["secret"])
        answer = await http.post(f"{url}/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    return str(answer.json()["access_token"])
