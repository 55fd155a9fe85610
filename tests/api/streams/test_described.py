"""What is sent is as the AsyncAPI document says."""

from __future__ import annotations

from openapi_schema_validator import OAS31Validator

from tests.api.streams.harness import Place, upcoming
from tests.fake_connector import payment


async def test_events_of_the_feed_are_as_described(place: Place) -> None:
    messages = place.app.state.descriptions.asyncapi()["channels"]["feed"]["messages"]
    async with place.feed() as events:
        seen = [await upcoming(events)]
        await place.commit(payment("P1"))
        seen.append(await upcoming(events))
        place.app.state.stop_streams()
        seen += [event async for event in events]
    assert [each.event for each in seen] == ["checkpoint", "change", "end"]
    for each in seen:
        OAS31Validator(messages[each.event]["payload"]).validate(each.data)
