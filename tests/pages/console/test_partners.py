"""Partners and officers in the console: registered, given a new secret, suspended and resumed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hub.api.event_counter import EventCounter
from hub.store.oauth import persisted_operations
from hub.store.operations.event_counts import Event
from hub.store.webhooks.endpoints import WebhookOptions
from hub.store.webhooks.operations import Operations
from hub.viewer import WORKER
from tests.pages.console.conftest import Browser, signed_in, words
from tests.schema.harness import CAUSE, Stage

ADDRESS = "/en/console/partners"
NEW = {
    "name": "Gojek",
    "organisation": "PT Uji",
    "auth_method": "client_secret_basic",
    "scopes": "complaints:read payments:read",
}


async def register(browser: Browser, **over: str) -> str:
    """Register a partner; return its page."""
    await browser.get(ADDRESS)
    await browser.send("create")
    return (await browser.send("create", **{**NEW, **over})).text


async def test_a_partner_is_registered_and_its_secret_shown_once(operator: Browser) -> None:
    done = await register(operator)
    (secret,) = re.findall(r'<code class="code">([^<]{20,})<', done)
    listed = (await operator.get(ADDRESS)).text
    assert secret not in listed
    assert "Gojek" in listed
    assert "2 rights" in words(listed)


async def test_mistakes_are_shown_beside_their_fields(operator: Browser) -> None:
    for field, value in (("name", ""), ("scopes", "complaints:pii"), ("scopes", "none"), ("auth_method", "")):
        page = await register(operator, **{field: value})
        assert field in re.findall(r'<li><a href="#(\w+)">', page), field
    page = await register(operator, name="")
    assert 'value="PT Uji"' in page
    assert '<option value="client_secret_basic" selected>' in page


async def test_a_partner_gets_a_new_secret_and_is_suspended(operator: Browser, shared: Stage) -> None:
    await register(operator, name="Leaky")
    ((client,),) = await shared.rows("select id from clients where name = 'Leaky'")
    await operator.get(ADDRESS)
    await operator.send("rotate", client)
    assert (await operator.send("rotate", keep_hours="169")).status_code == 400
    rotated = await operator.send("rotate", keep_hours="0")
    assert re.findall(r'<code class="code">[^<]{20,}<', rotated.text) != []
    await operator.get(ADDRESS)
    preview = await operator.send("suspend", client)
    assert "all its tokens end within a second" in words(preview.text)
    assert "1 partner is suspended." in words((await operator.send("suspend")).text)
    await operator.send("resume", client)
    assert "1 partner may request tokens again." in words((await operator.send("resume")).text)


async def test_a_suspended_officer_leaves_the_console(operator: Browser, shared: Stage) -> None:
    async with signed_in(shared, "leaver", ("hub:operate",)) as other:
        assert (await other.get(ADDRESS)).status_code == 200
        await operator.get(ADDRESS)
        await operator.send("suspend_officer", "u_leaver")
        assert "1 officer is suspended." in words((await operator.send("suspend_officer")).text)
        assert (await other.get(ADDRESS)).status_code == 303


async def test_a_partner_has_its_webhooks_use_and_documents(operator: Browser, shared: Stage) -> None:
    await register(operator, name="Caller")
    ((client,),) = await shared.rows("select id from clients where name = 'Caller'")
    counter = EventCounter(shared.database)
    counter.count(Event.CLIENT_OPERATION, client, 1_200)
    await counter.close()
    async with shared.database.write(CAUSE) as db:
        await persisted_operations.register(db, client, ["query names {systems {name}}"])
        act = Operations(db, shared.cipher, WORKER, datetime.now(UTC), {}, loopback=True)
        await act.register("w_caller", client, WebhookOptions("http://127.0.0.1:9/hook"), asymmetric=False, after=None)
    await shared.run("update webhooks set state = 'DISABLED', reason = 'GONE' where id = 'w_caller'")
    text = words((await operator.get("/en/console")).text)
    assert "A webhook of" in text
    preview = await operator.send("resume_webhook", picked="w_caller")
    assert "http://127.0.0.1:9/hook Disabled is called again" in words(preview.text)
    done = words((await operator.send("resume_webhook")).text)
    assert "The webhook is called again." in done
    assert "It made most requests on" in done
    assert "1,200" in done
    assert "query names {systems {name}}" in done
    assert (await operator.get(f"{ADDRESS}/unknown")).status_code == 404
