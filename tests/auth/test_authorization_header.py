"""The graph reads a token from the header only."""

from __future__ import annotations

from tests.auth.harness import Stage, submit


async def test_a_token_in_the_address_or_the_body_is_not_looked_at(stage: Stage) -> None:
    token = await stage.partner_token()
    ticket = (await submit(stage.first, token=token))["ticket"]
    query = f'{{complaint(ticket: "{ticket}") {{ticket}}}}'
    login = {"authorization": f"Bearer {token}"}
    by_header = await stage.first.post("/graphql", json={"query": query}, headers=login)
    assert by_header.json()["data"]["complaint"] == {"ticket": ticket}
    for answer in (
        await stage.first.get("/graphql", params={"query": query, "access_token": token}),
        await stage.first.post("/graphql", params={"access_token": token}, json={"query": query}),
        await stage.first.post("/graphql", json={"query": query, "access_token": token}),
    ):
        assert answer.json()["data"]["complaint"] is None
