"""Checks of every connector with its own sandbox over HTTP."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from hub.connectors.sandbox_base import COMMON_FAULTS
from hub.contract import Coverage, Page
from hub.errors import ConfigurationError, ContractBroken, TryLater
from hub.testing.envelopes import MISSING, Tape
from hub.testing.running import MAX_PAGES, Running, pages_of, run, secrets_of
from hub.testing.samples import Suite


class SandboxContract(Suite):
    """Checks with the sandbox; inherit with ``connector`` set."""

    def test_secrets_are_not_shown(self, running: Running) -> None:
        """Make every credential of the settings a SecretStr, set by `variables` of the sandbox."""
        secrets = [value for value in secrets_of(running.settings).values() if value]
        assert secrets, "credentials must be SecretStr"
        shown = repr(running.settings) + str(running.settings) + str(running.settings.model_dump(mode="json"))
        assert not [value for value in secrets if value in shown]

    def test_sandbox_has_its_name_and_faults(self, running: Running) -> None:
        """Give the sandbox the connector's `name`, and its `faults` names of their own."""
        assert running.sandbox.name == self.connector.name
        assert running.sandbox.faults.keys().isdisjoint(COMMON_FAULTS)

    async def test_sandbox_shows_its_state_and_advances(self, running: Running) -> None:
        """Make sure that `figures` and `tick` of the sandbox do not fail."""
        status = (await running.control.get("/_control")).json()
        assert status["faults"].keys() == running.sandbox.fault.known.keys()
        ticked = await running.control.post("/_control/tick", json={"steps": 3})
        assert ticked.status_code == 200

    @pytest.mark.parametrize("path", ["/_control/fault", "/_control/tick"])
    @pytest.mark.parametrize("body", ["down", "[]", '{"name": "slow", "times": "x", "steps": "x"}'])
    async def test_sandbox_explains_a_bad_control_request(self, running: Running, path: str, body: str) -> None:
        """Leave the routes below /_control to the base class."""
        answer = await running.control.post(path, content=body)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("send JSON such as {")

    async def test_sandbox_lists_its_faults(self, running: Running) -> None:
        """Leave the routes below /_control to the base class."""
        answer = await running.control.post("/_control/fault", json={"name": "dwon"})
        assert answer.status_code == 400
        assert "server_error" in answer.json()["error"]

    async def test_sandbox_lists_its_acts(self, running: Running) -> None:
        """Leave the routes below /_control to the base class."""
        answer = await running.control.post("/_control/act", json={"do": "dance"})
        assert (answer.status_code, answer.json()["acts"]) == (400, running.sandbox.acts)

    async def test_probe_passes(self, running: Running) -> None:
        """Make one cheap call in `probe`, which the sandbox answers."""
        async with running.connected() as connector:
            await connector.probe()

    async def test_a_full_run_yields_items_that_map(self, pulled: list[Page]) -> None:
        """Let the sandbox have more than 100 items that map: declared kinds, aware times, keys."""
        records = [self._map(item) for page in pulled for item in page.items]
        assert len(records) > 100
        assert all(record.occurred_at.tzinfo and record.updated_at.tzinfo for record in records)
        assert all(key.name and key.value for record in records for key in record.keys)
        assert all(record.keys for record in records)
        kinds = {kind.kind for kind in self.connector.kinds}
        assert {record.facts.kind for record in records} <= kinds
        assert all(record.status in list(record.facts.statuses) for record in records)
        unknown = [record for record in records if record.unknown]
        assert all(record.status == "UNKNOWN" and record.source_status for record in unknown)
        assert len(unknown) < len(records) / 50

    async def test_cursors_are_json_and_move(self, pulled: list[Page]) -> None:
        """Each page carries a cursor of plain JSON that says where the next page begins."""
        if self.connector.covers(self.connector.Settings()) is Coverage.KNOWN_ONLY:
            pytest.skip("it has no listing, so there is no place in one")
        cursors = [json.dumps(page.cursor, sort_keys=True) for page in pulled]
        assert all(json.loads(text) == page.cursor for text, page in zip(cursors, pulled, strict=True))
        assert any(before != after for before, after in pairwise(cursors))

    async def test_a_run_goes_on_from_a_stored_cursor(self, running: Running, pulled: list[Page]) -> None:
        """Begin `pages` at `run.cursor` unless `run.full`, and yield all that came after it."""
        middle = (len(pulled) - 1) // 2
        missed, read = self._ids([pulled[middle + 1]]), 0
        async with running.connected(attempts=3) as connector:
            async for page in connector.pages(run(json.loads(json.dumps(pulled[middle].cursor)))):
                missed -= self._ids([page])
                read += 1
                if not missed or read == 4 * MAX_PAGES:
                    break
        assert missed == set(), "the next page of the first run comes again, maybe after an overlap"

    async def test_a_run_goes_on_from_the_last_cursor(self, running: Running, pulled: list[Page]) -> None:
        """Begin the next run at the cursor of the last page."""
        async with running.connected(attempts=3) as connector:
            again = await pages_of(connector, json.loads(json.dumps(pulled[-1].cursor)), most=2)
        assert all(isinstance(page.cursor, dict) for page in again)
        assert all(self._ids(again))

    async def test_fetch_one_returns_an_item_of_the_listing(self, running: Running, pulled: list[Page]) -> None:
        """Return from `fetch_one` an item in the shape that `pages` yields."""
        listed = self._map(next(item for page in pulled for item in page.items))
        async with running.connected(attempts=3) as connector:
            item = await connector.fetch_one(listed.external_id)
        assert item is not None
        assert self._map(item).external_id == listed.external_id

    async def test_fetch_one_returns_none_for_an_unknown_id(self, running: Running) -> None:
        """Return None from `fetch_one` for an id that the system does not have."""
        async with running.connected(attempts=3) as connector:
            assert await connector.fetch_one("999999999999") is None

    @pytest.mark.parametrize(
        ("fault", "value"), [("rate_limited", 1), ("server_error", 503), ("server_error", 500), ("down", None)]
    )
    async def test_a_system_in_trouble_is_tried_later(self, running: Running, fault: str, value: float | None) -> None:
        """Let TryLater of `self.http` through; catch nothing."""
        async with running.fault(fault, value=value), running.connected() as connector:
            with pytest.raises(TryLater):
                await pages_of(connector, full=True)

    async def test_retry_after_is_passed_on(self, running: Running) -> None:
        """Let TryLater of `self.http` through with its `after`."""
        async with running.fault("rate_limited", value=77), running.connected() as connector:
            with pytest.raises(TryLater) as refused:
                await pages_of(connector, full=True)
        assert refused.value.after == 77

    async def test_a_slow_system_is_tried_later(self, running: Running) -> None:
        """Let TryLater of `self.http` through; catch nothing."""
        async with running.fault("slow", value=0.5), running.connected(timeout=0.1) as connector:
            with pytest.raises(TryLater):
                await pages_of(connector, full=True)

    async def test_trouble_that_passes_within_the_deadline_is_not_noticed(self, running: Running) -> None:
        """Call with `idempotent=True` where a call may be repeated."""
        async with running.fault("server_error", times=1), running.connected(attempts=3) as connector:
            assert await pages_of(connector, full=True, most=1)

    async def test_a_401_that_remains_stops(self, running: Running) -> None:
        """Raise ConfigurationError for HTTP 401 and 403, with the setting to look at."""
        async with running.fault("server_error", value=401), running.connected() as connector:
            with pytest.raises(ConfigurationError):
                await pages_of(connector, full=True)

    @pytest.mark.parametrize("status", [401, 403, 405])
    async def test_a_firewalls_page_is_reported_and_retried(self, running: Running, status: int) -> None:
        """Let ContractBroken of `self.http` through: a page in HTML is no answer of the system."""
        async with running.fault("firewall", value=status), running.connected() as connector:
            with pytest.raises(ContractBroken, match=f"HTTP {status} .*text/html"):
                await pages_of(connector, full=True)

    @pytest.mark.whole
    async def test_a_wrong_envelope_is_retried_odd_items_are_quarantined(
        self, running: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Raise ContractBroken for an envelope of another shape; yield an odd item as it is, or as `{}`."""
        monkeypatch.setattr(f"{self._package()}.sandbox.PER_PAGE", 5, raising=False)  # Small pages, where it names one.
        tape = Tape()
        async with running.connected(attempts=3) as connector:
            with tape.recording():
                (before,) = await pages_of(connector, full=True, most=1)
        for changed in tape.changes():
            of_one, shown = tape.is_of_one(changed), (tape.calls[changed.call][0], *changed[1:])
            async with running.connected() as connector:
                with tape.playing(changed):
                    try:
                        pages = await pages_of(connector, full=True, most=1)
                    except TryLater:
                        # Without any answer, the failure need not concern that item alone.
                        assert not of_one or tape.ran_out or changed[1:] == ((), MISSING), shown
                        continue
            items = [item for page in pages for item in page.items]
            assert all(isinstance(item, dict) for item in items), shown
            if of_one:
                assert len(items) == len(before.items), shown
                assert sum(self._is_read(item) for item in items) >= len(items) - 1, shown

    async def test_wrong_credentials_stop_and_are_not_repeated(self, running: Running) -> None:
        """Raise ConfigurationError for refused credentials, and repeat none of them in the message."""
        async with running.connected(running.with_wrong_secrets()) as connector:
            with pytest.raises(ConfigurationError) as stopped:
                await pages_of(connector, full=True)
        message = str(stopped.value)
        assert not [value for value in (*secrets_of(running.settings).values(), "not-the-secret") if value in message]

    async def test_missing_settings_stop_with_their_name(self, running: Running) -> None:
        """Raise BadSetting with the variable's name if a credential is not set."""
        async with running.connected(self.connector.Settings(url=running.url)) as connector:
            with pytest.raises(ConfigurationError, match=f"HUB_{self.connector.name.upper()}_"):
                await pages_of(connector, full=True)
