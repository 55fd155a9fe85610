"""Operators see each stream of a system, and its state over time; a retry is not shown as running."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from hub.api.operators import connector_facts
from hub.connectors.registry import Enabled
from hub.connectors.settings import ConnectorSettings
from hub.store.database import record_statements
from hub.store.operations import streams
from tests.fake_connector import Fake, FakeSettings, payment
from tests.schema.harness import CAUSE, DELIVERED, Stage
from tests.schema.operations.test_issues import OPERATOR

STREAMS = """{systems {name streams {kind state inFlight waiting blocked attempts retryingSince nextAt readTo error}
    samples(hours: 1) {lagSeconds deliveryLagSeconds records quarantined openDeliveries}}}"""


async def shown(stage: Stage) -> dict[str, Any]:
    (system,) = (await stage.got(OPERATOR, STREAMS))["systems"]
    return {each["kind"]: each for each in system["streams"]}


@pytest.fixture
async def running(stage: Stage) -> Stage:
    """A stage with a complete copy and three deliveries."""
    await stage.pull(payment("P1"))
    await stage.complaints("ASSIGNED", [{}, {}, {}])
    await stage.run(DELIVERED)
    await stage.run("update systems set sends = '{CREATE}'")
    return stage


async def test_a_pull_that_fails_is_retrying_and_not_running(running: Stage) -> None:
    found = (await shown(running))["IN"]
    assert (found["state"], found["retryingSince"]) == ("IDLE", None)
    assert found["readTo"]
    await running.run("update systems set down_since = now(), failures = 3, trouble = 'timeout at https://x.example'")
    found = (await shown(running))["IN"]
    assert (found["state"], found["attempts"], found["error"]) == ("RETRYING", 3, "timeout at …")
    assert found["retryingSince"]
    assert found["nextAt"]
    for change, state in (("paused_at", "PAUSED"), ("stopped_at", "STOPPED")):
        await running.run("update systems set paused_at = null, stopped_at = null")
        await running.run(f"update systems set {change} = now()")
        assert {each["state"] for each in (await shown(running)).values()} == {state}


async def test_what_is_sent_is_counted_by_what_it_waits_for(running: Stage) -> None:
    assert (await shown(running))["OUT"]["state"] == "BLOCKED"
    ids = [id_ for (id_,) in await running.rows("select id from deliveries order by id")]
    await running.run("update deliveries set state = 'SENDING' where id = :id", id=ids[0])
    await running.run("update deliveries set state = 'WAITING', attempts = 4, trouble = 'x' where id = :id", id=ids[1])
    found = (await shown(running))["OUT"]
    assert (found["inFlight"], found["waiting"], found["blocked"], found["attempts"]) == (1, 1, 1, 4)
    assert (found["state"], found["error"]) == ("RETRYING", "x")
    assert found["retryingSince"]
    await running.run("update deliveries set state = 'DONE', settled_at = now()")
    assert (await shown(running))["OUT"]["state"] == "IDLE"


async def test_files_and_calls_are_streams_where_there_are_any(running: Stage) -> None:
    assert (await shown(running)).keys() == {"IN", "OUT"}
    await running.run("""insert into record_files (system, kind, external_id, source, name, attempts, due_at, trouble)
        values ('fake', 'report', 'R1', 'a', 'a', 2, now(), '404'),
               ('fake', 'report', 'R1', 'b', 'b', 9, null, '404')""")
    found = (await shown(running))["FILES"]
    assert (found["state"], found["waiting"], found["blocked"]) == ("RETRYING", 1, 1)


async def test_samples_are_taken_shown_and_deleted(running: Stage) -> None:
    async with running.database.write(CAUSE) as db:
        await streams.take_samples(db)
    (system,) = (await running.got(OPERATOR, STREAMS))["systems"]
    (sample,) = system["samples"]
    assert (sample["records"], sample["quarantined"], sample["openDeliveries"]) == (1, 0, 3)
    assert sample["lagSeconds"] >= 0
    await running.run("update system_samples set at = at - interval '3 days'")
    async with running.database.write(CAUSE) as db:
        await streams.take_samples(db)
    assert await running.rows("select count(*) from system_samples") == [(1,)]


async def test_streams_take_the_same_statements_for_more_systems(running: Stage) -> None:
    logs = []
    for _ in range(2):
        with record_statements() as noted:
            await running.got(OPERATOR, STREAMS)
        logs.append(len(noted))
        await running.run("""insert into systems (name, title, owner, coverage, tells_changes, every)
            values ('other', 'Other', 'Tests', 'FULL', true, 60) on conflict do nothing""")
    assert logs[0] == logs[1]


class SecretSettings(ConnectorSettings):
    """Settings with secrets."""

    model_config = SettingsConfigDict(env_prefix="HUB_FAKE_")

    token: SecretStr = SecretStr("")
    key_file: str = ""


class Keyed(Fake):
    """A fake system with a key."""

    Settings = SecretSettings  # type: ignore[assignment]


def test_settings_are_shown_without_secrets_and_credentials() -> None:
    values = SecretSettings(url="https://x.example/api", token=SecretStr("hidden"), key_file="/etc/hub/key.pem")
    facts = connector_facts(Enabled(Keyed, values))
    shown = {each.name: (each.value, each.secret, each.is_set) for each in facts.settings}
    assert shown == {
        "HUB_FAKE_URL": ("https://x.example/api", False, True),
        "HUB_FAKE_EVERY": ("60.0", False, True),
        "HUB_FAKE_TOKEN": (None, True, True),
        "HUB_FAKE_KEY_FILE": (None, True, True),
    }
    assert not any(
        each.is_set for each in connector_facts(Enabled(Fake, FakeSettings())).settings if "URL" in each.name
    )
