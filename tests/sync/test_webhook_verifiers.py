"""Webhooks are verified by what others wrote: v1 and v1a of Standard Webhooks, and CloudEvents 1.0."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from hub.store.webhooks.terms import WebhookFormat
from tests.clients import CLIENTS, install, needs_node, patient, run
from tests.clients.python_environment import installed
from tests.clients.python_environment import run as run_python
from tests.schema.harness import Stage
from tests.sync.webhook_harness import placed
from tests.webhook_receiver import Received, receiving

pytestmark = [pytest.mark.outside, patient]

Message = dict[str, Any]
PYTHONS = ("python3.12", "python3.13", "python3.14")


@pytest.fixture
async def messages(stage: Stage) -> AsyncIterator[list[Message]]:
    """What two endpoints were sent, one of them as CloudEvents, and a message that was changed on its way."""
    async with placed(stage) as place, receiving() as standard, receiving() as events:
        keys = []
        for receiver, form in ((standard, WebhookFormat.STANDARD), (events, WebhookFormat.CLOUDEVENTS)):
            webhook = await place.register(receiver, asymmetric=True, format=form)
            keys.append((await place.webhook(webhook)).public_key)
        await place.changes("P1")
        await place.sender.drain()
        receivers = zip((standard, events), keys, strict=True)
        sent = [_message(receiver.taken[0], receiver.secret, key) for receiver, key in receivers]
        yield [*sent, {**sent[0], "body": sent[0]["body"].replace("P1", "P2")}]


def _message(got: Received, secret: str | None, key: str | None) -> Message:
    return {"headers": dict(got.headers), "body": got.body.decode(), "secret": secret, "publicKey": key}


@needs_node
async def test_node_verifies_both_signatures_and_events(messages: list[Message], tmp_path: Path) -> None:
    await install()
    found = orjson.loads(await run("node", "verify_webhooks.mjs", str(_written(messages, tmp_path))))
    assert [(each["v1"], each["v1a"]) for each in found] == [(True, True), (True, True), (False, False)]
    assert found[0]["event"] is None
    event, body = found[1]["event"], orjson.loads(messages[1]["body"])
    assert event == {name: body[name] for name in ("id", "type", "subject", "data")}


async def test_another_library_verifies_asymmetric_signatures(messages: list[Message], tmp_path: Path) -> None:
    python = _newer_python()
    if python is None:
        pytest.skip("authweave-webhooks needs Python 3.12 or newer, which is not installed (Debian 12 has none).")
    programs = await installed("webhooks", CLIENTS / "requirements-webhooks.lock", python)
    code, output = await run_python(programs / "python", "verify_asymmetric.py", _written(messages, tmp_path))
    assert code == 0, output
    assert orjson.loads(output) == [True, True, False]


async def test_the_sdk_of_cloudevents_reads_an_event(messages: list[Message]) -> None:
    event = from_http_event(HTTPMessage(messages[1]["headers"], messages[1]["body"].encode()))
    assert (event.get_specversion(), event.get_type(), event.get_subject()) == ("1.0", "payment.created", "payment/P1")
    data: Any = event.get_data()
    assert event.get_id() == data["id"] == messages[1]["headers"]["webhook-id"]


def _written(messages: list[Message], folder: Path) -> Path:
    path = folder / "messages.json"
    path.write_bytes(orjson.dumps(messages))
    return path


def _newer_python() -> str | None:
    """Return the path of a Python that is new enough: on the path, or installed by pyenv."""
    homes = sorted(Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser().glob("versions/3.1[2-9]*/bin"))
    for name in (*filter(None, map(shutil.which, PYTHONS)), *(str(home / "python3") for home in homes)):
        if subprocess.run([name, "--version"], capture_output=True, check=False).returncode == 0:
            return name
    return None
