"""Operators see versions, workers, jobs, the feed with its readers, and keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version

import httpx

from hub.app import build
from hub.store.feed import sequence
from hub.store.feed.cursors import encode
from hub.store.feed.sequence import SequencerStatus
from hub.store.oauth import signing_keys
from hub.store.operations.feed_readers import readers
from tests.fake_connector import payment
from tests.schema.harness import CAUSE, CLERK, TOKEN, Stage
from tests.schema.operations.test_issues import OPERATOR
from tests.store.operations.test_issues import HOOK

STATUS = """{hubStatus {versions {hub postgresql migration migrationNeeded} workers {running lastHeartbeatAt}
    jobs {task state count} feed {system position lagSeconds} readers {client behind}
    signingKeys {kid current} encryptionKeys {first older missing}}}"""


async def test_the_state_of_the_hub_is_shown(stage: Stage) -> None:
    await stage.run("insert into procrastinate_workers default values")
    await stage.pull(payment("P1"))
    await stage.complaint("ASSIGNED")
    async with stage.database.write(CAUSE) as db:
        await sequence.assign_positions(db, "fake")
    ((migration,),) = await stage.rows("select version_num from alembic_version")
    found = (await stage.got(OPERATOR, STATUS))["hubStatus"]
    assert found["versions"]["hub"] == version("hub")
    assert (found["versions"]["migration"], found["versions"]["migrationNeeded"]) == (migration, None)
    assert int(found["versions"]["postgresql"].split(".")[0]) >= 15
    assert found["workers"]["running"] == 1
    assert [(each["system"], each["position"]) for each in found["feed"]] == [("fake", "1")]
    assert found["encryptionKeys"] == {"first": "1", "older": "0", "missing": "0"}
    assert (await stage.ask(CLERK, "{hubStatus {versions {hub}}}")).codes == ["FORBIDDEN"]


async def test_the_key_that_signs_is_marked(stage: Stage) -> None:
    async with stage.database.write(CAUSE) as db:
        await signing_keys.add(db, "now", b"", {}, timedelta(0))
        await signing_keys.add(db, "later", b"", {}, timedelta(days=1))
    found = (await stage.got(OPERATOR, "{hubStatus {signingKeys {kid current}}}"))["hubStatus"]["signingKeys"]
    assert found == [{"kid": "now", "current": True}, {"kid": "later", "current": False}]


async def test_jobs_are_counted_by_task_and_state(stage: Stage) -> None:
    job = "insert into procrastinate_jobs (queue_name, task_name, status) values ('default', 'hub:pull', '{}')"
    for status in ("todo", "todo", "doing", "succeeded"):
        await stage.run(job.format(status))
    found = (await stage.got(OPERATOR, "{hubStatus {jobs {task state count}}}"))["hubStatus"]["jobs"]
    assert {(each["task"], each["state"], each["count"]) for each in found} == {
        ("hub:pull", "todo", 2),
        ("hub:pull", "doing", 1),
    }


def test_readers_are_sorted_by_how_far_they_are_behind() -> None:
    heads = [SequencerStatus("hub", 10, 0.0), SequencerStatus("fake", 5, 0.0)]
    here = replace(HOOK, id="wh_here", cursor=encode({"hub": 10, "fake": 5}))
    one = replace(HOOK, id="wh_one", cursor=encode({"hub": 2}), systems=("fake", "gone"))
    far = replace(HOOK, id="wh_far", cursor="")
    found = [(each.webhook_id, each.behind) for each in readers([here, one, far], heads)]
    assert found == [("wh_far", 15), ("wh_one", 5), ("wh_here", 0)]


async def test_the_served_graph_knows_the_needed_migration(stage: Stage) -> None:
    """The app gives the graph what operators need of settings and connectors."""
    app = build(stage.settings)
    headers = {"authorization": f"Bearer {TOKEN}", "accept-language": "en"}
    query = "{hubStatus {versions {migration migrationNeeded}} operatorIssues {code title} systems {streams {kind}}}"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        answer = (await client.post("/graphql", json={"query": query}, headers=headers)).json()
    assert "errors" not in answer
    versions = answer["data"]["hubStatus"]["versions"]
    assert versions["migration"] == versions["migrationNeeded"]
    assert {"code": "WORKER_MISSING", "title": "No worker runs"} in answer["data"]["operatorIssues"]
    assert answer["data"]["systems"] == [{"streams": [{"kind": "IN"}]}]
