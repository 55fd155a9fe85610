"""What every connector must do, whatever system it speaks to; ``test_contract`` runs it on each folder.

A sample is a file ``samples/*.json``: ``about``, ``raw`` and either ``record`` (what it becomes) or ``bad``
(a part of the reason why it cannot be read).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.connectors.base import Connector, Page, Raw, Record
from hub.connectors.personal import strip
from hub.connectors.sandbox import COMMON_FAULTS
from hub.errors import BadRecord, Stop, TryLater
from tests.connectors import samples
from tests.connectors.running import PAGES, Running, pages_of, run, secrets_of
from tests.connectors.samples import values_at

HEADINGS = ("## Owner", "## Access", "## Limits", "## Oddities", "## Status table")


class ConnectorContract:
    """Inherit with ``connector`` set. Samples, README and settings first, then the sandbox over HTTP."""

    connector: ClassVar[type[Connector]]

    # Mapping, by the samples

    def test_there_are_samples_of_both_sorts(self) -> None:
        sorts = [frozenset(sample) for sample in self._samples().values()]
        assert sorts.count(frozenset({"about", "raw", "record"})) >= 3
        assert sorts.count(frozenset({"about", "raw", "bad"})) >= 2
        assert len(set(sorts)) == 2

    def test_samples_become_their_records(self) -> None:
        for name, sample in self._samples().items():
            if "record" in sample:
                record = self._map(sample["raw"])
                assert as_json(record) == in_words(sample["record"]), name

    def test_samples_become_the_same_without_their_personal_fields(self) -> None:
        for name, sample in self._samples().items():
            if "record" in sample:
                assert self._map(strip(sample["raw"], self.connector.personal)) == self._map(sample["raw"]), name

    def test_broken_samples_are_refused_without_a_personal_value(self) -> None:
        for name, sample in self._samples().items():
            if "bad" in sample:
                with pytest.raises(BadRecord) as refused:
                    self._map(sample["raw"])
                assert sample["bad"] in refused.value.reason, name
                for told in (refused.value.reason, repr(refused.value.__cause__ or "")):
                    assert not [value for value in self._personal(sample["raw"]) if value in told], name

    def test_each_field_that_is_missing_is_read_or_refused(self) -> None:
        for sample in self._samples().values():
            for raw in without_one(sample["raw"]):
                with contextlib.suppress(BadRecord):
                    assert self._map(raw).external_id

    def test_no_record_holds_a_personal_value(self) -> None:
        for name, sample in self._samples().items():
            if "record" in sample:
                body = json.dumps(as_json(self._map(sample["raw"])), default=str, ensure_ascii=False)
                assert not [value for value in self._personal(sample["raw"]) if value in body], name

    def test_personal_fields_occur_in_the_samples_and_are_dropped(self) -> None:
        raws = [sample["raw"] for sample in self._samples().values()]
        for path in self.connector.personal:
            assert any(list(values_at(raw, path)) for raw in raws), path
            assert not any(list(values_at(strip(raw, [path]), path)) for raw in raws), path

    # Facts: README and settings

    def test_readme_has_its_headings_and_every_setting(self) -> None:
        text = (self._folder() / "README.md").read_text()
        assert [line for line in text.splitlines() if line in HEADINGS] == list(HEADINGS)
        prefix = str(self.connector.Settings.model_config["env_prefix"])
        assert prefix == f"HUB_{self.connector.name.upper()}_"
        missing = [name for name in self.connector.Settings.model_fields if f"{prefix}{name.upper()}" not in text]
        assert missing == []

    def test_readme_tells_every_status_of_the_kind(self) -> None:
        table = (self._folder() / "README.md").read_text().partition(HEADINGS[-1])[2]
        samples = [sample["record"]["status"] for sample in self._samples().values() if "record" in sample]
        assert [status for status in samples if status not in table] == []

    def test_the_connector_is_named_like_its_folder(self) -> None:
        assert self.connector.name == self._folder().name
        assert self.connector.title
        assert self.connector.owner
        assert self.connector.docs.startswith("https://")

    def test_secrets_are_not_shown(self, running: Running) -> None:
        secrets = [value for value in secrets_of(running.settings).values() if value]
        assert secrets, "credentials must be SecretStr"
        shown = repr(running.settings) + str(running.settings) + str(running.settings.model_dump(mode="json"))
        assert not [value for value in secrets if value in shown]

    # The sandbox, over HTTP

    def test_sandbox_knows_its_name_and_tells_its_faults(self, running: Running) -> None:
        assert running.sandbox.name == self.connector.name
        assert running.sandbox.faults.keys().isdisjoint(COMMON_FAULTS)

    async def test_sandbox_shows_what_it_does_and_lets_the_world_go_on(self, running: Running) -> None:
        status = (await running.control.get("/_control")).json()
        assert status["faults"].keys() == running.sandbox.fault.known.keys()
        ticked = await running.control.post("/_control/tick", json={"steps": 3})
        assert ticked.status_code == 200

    @pytest.mark.parametrize("path", ["/_control/fault", "/_control/tick"])
    @pytest.mark.parametrize("body", ["down", "[]", '{"name": "slow", "times": "x", "steps": "x"}'])
    async def test_sandbox_says_what_it_wants_to_be_told(self, running: Running, path: str, body: str) -> None:
        answer = await running.control.post(path, content=body)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("send JSON such as {")

    async def test_sandbox_tells_the_faults_there_are(self, running: Running) -> None:
        answer = await running.control.post("/_control/fault", json={"name": "dwon"})
        assert answer.status_code == 400
        assert "server_error" in answer.json()["error"]

    async def test_sandbox_tells_what_can_be_done_in_the_systems_place(self, running: Running) -> None:
        answer = await running.control.post("/_control/act", json={"do": "dance"})
        assert (answer.status_code, answer.json()["acts"]) == (400, running.sandbox.acts)

    async def test_probe_passes(self, running: Running) -> None:
        async with running.connected() as connector:
            await connector.probe()

    async def test_a_full_run_yields_items_that_map(self, pulled: list[Page]) -> None:
        records = [self._map(item) for page in pulled for item in page.items]
        assert len(records) > 100
        assert all(record.occurred_at.tzinfo and record.updated_at.tzinfo for record in records)
        assert all(key.name and key.value for record in records for key in record.keys)
        assert all(record.keys for record in records)
        kinds = {kind.kind for kind in self.connector.kinds}
        assert {record.facts.kind for record in records} <= kinds
        assert all(record.status in list(record.facts.statuses) for record in records)
        unknown = [record for record in records if record.unknown]
        assert all(record.status == "UNKNOWN" and record.told for record in unknown)
        assert len(unknown) < len(records) / 50

    async def test_cursors_are_json_and_move(self, pulled: list[Page]) -> None:
        cursors = [json.dumps(page.cursor, sort_keys=True) for page in pulled]
        assert all(json.loads(text) == page.cursor for text, page in zip(cursors, pulled, strict=True))
        assert any(before != after for before, after in pairwise(cursors))

    async def test_a_run_goes_on_from_a_stored_cursor(self, running: Running, pulled: list[Page]) -> None:
        middle = (len(pulled) - 1) // 2
        missed, read = self._ids([pulled[middle + 1]]), 0
        async with running.connected(attempts=3) as connector:
            async for page in connector.pages(run(json.loads(json.dumps(pulled[middle].cursor)))):
                missed -= self._ids([page])
                read += 1
                if not missed or read == 4 * PAGES:
                    break
        assert missed == set(), "what came next in the first run is told again, maybe after an overlap"

    async def test_a_run_goes_on_from_the_last_cursor(self, running: Running, pulled: list[Page]) -> None:
        async with running.connected(attempts=3) as connector:
            again = await pages_of(connector, json.loads(json.dumps(pulled[-1].cursor)), most=2)
        assert all(isinstance(page.cursor, dict) for page in again)
        assert all(self._ids(again))

    async def test_one_tells_what_the_listing_told(self, running: Running, pulled: list[Page]) -> None:
        listed = self._map(next(item for page in pulled for item in page.items))
        async with running.connected(attempts=3) as connector:
            item = await connector.one(listed.external_id)
        assert item is not None
        assert self._map(item).external_id == listed.external_id

    async def test_one_knows_nothing_of_a_stranger(self, running: Running) -> None:
        async with running.connected(attempts=3) as connector:
            assert await connector.one("999999999999") is None

    @pytest.mark.parametrize(
        ("fault", "value"), [("rate_limited", 1), ("server_error", 503), ("server_error", 500), ("down", None)]
    )
    async def test_a_system_in_trouble_is_tried_later(self, running: Running, fault: str, value: float | None) -> None:
        async with running.fault(fault, value=value), running.connected() as connector:
            with pytest.raises(TryLater):
                await pages_of(connector, full=True)

    async def test_the_wait_a_system_asks_for_is_passed_on(self, running: Running) -> None:
        async with running.fault("rate_limited", value=77), running.connected() as connector:
            with pytest.raises(TryLater) as refused:
                await pages_of(connector, full=True)
        assert refused.value.after == 77

    async def test_a_slow_system_is_tried_later(self, running: Running) -> None:
        async with running.fault("slow", value=0.5), running.connected(timeout=0.1) as connector:
            with pytest.raises(TryLater):
                await pages_of(connector, full=True)

    async def test_trouble_that_passes_within_the_deadline_is_not_noticed(self, running: Running) -> None:
        async with running.fault("server_error", times=1), running.connected(attempts=3) as connector:
            assert await pages_of(connector, full=True, most=1)

    async def test_a_401_that_remains_stops(self, running: Running) -> None:
        async with running.fault("server_error", value=401), running.connected() as connector:
            with pytest.raises(Stop):
                await pages_of(connector, full=True)

    async def test_wrong_credentials_stop_and_are_not_told(self, running: Running) -> None:
        async with running.connected(running.with_wrong_secrets()) as connector:
            with pytest.raises(Stop) as stopped:
                await pages_of(connector, full=True)
        told = str(stopped.value)
        assert not [value for value in (*secrets_of(running.settings).values(), "not-the-secret") if value in told]

    async def test_missing_settings_stop_with_their_name(self, running: Running) -> None:
        async with running.connected(self.connector.Settings(url=running.url)) as connector:
            with pytest.raises(Stop, match=f"HUB_{self.connector.name.upper()}_"):
                await pages_of(connector, full=True)

    # What the tests are made of

    def _folder(self) -> Path:
        return samples.folder(self.connector)

    def _samples(self) -> dict[str, dict[str, Any]]:
        return samples.samples(self.connector)

    def _map(self, raw: Raw) -> Record:
        return samples.mapped(self.connector, raw)

    def _ids(self, pages: list[Page]) -> set[str]:
        return {self._map(item).external_id for page in pages for item in page.items}

    def _personal(self, raw: Raw) -> set[str]:
        return samples.personal_values(self.connector, raw)


def as_json(record: Record) -> dict[str, Any]:
    """A record in the words of a sample, with times and money still as such."""
    body = {name: getattr(record, name) for name in Record.__dataclass_fields__}
    return body | {
        "facts": json.loads(json.dumps(asdict(record.facts))),
        "keys": [[key.name, key.value] for key in record.keys],
    }


def in_words(expected: dict[str, Any]) -> dict[str, Any]:
    """A sample's record with times and money read, so that 10.00 is 10 and 07:00+07:00 is midnight UTC."""
    times = {name: datetime.fromisoformat(expected[name]) for name in ("occurred_at", "updated_at")}
    amount = None if expected["amount"] is None else Decimal(expected["amount"])
    return {"facts_version": None} | expected | times | {"amount": amount}


def without_one(node: Any) -> Iterator[Any]:
    """``node`` with one field missing, null, or of another type: each field in turn, at every depth of objects."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield {key: kept for key, kept in node.items() if key != name}
            for other in (None, {"a": ["b"]}, [1], "", "?", True, -1, 1.5):
                yield node | {name: other}
            for smaller in without_one(value):
                yield node | {name: smaller}
    elif isinstance(node, list) and node:
        for smaller in without_one(node[0]):
            yield [smaller, *node[1:]]
