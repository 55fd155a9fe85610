"""Checks of every connector's mapping, samples, README and declarations.

A sample is a file ``samples/*.json``: ``about``, ``raw`` and either ``record`` (its record) or ``bad``
(a part of the reason why it cannot be read). The docstring of a check says what to do if it fails.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import orjson
import pytest

from hub.auth import scopes
from hub.connectors.base import OFFICERS, PUBLIC, Connector
from hub.connectors.redaction import plain, strip
from hub.contract import Record
from hub.errors import BadRecord
from hub.kept_columns import keep_columns
from hub.store.encryption import FieldCipher
from hub.store.ingest.quarantine import RejectedItem
from hub.sync.batch import Batch, read_items, to_quarantine
from hub.testing.samples import Suite, texts, values_at
from hub.testing.variants import as_read, node_of, variants

CIPHER, NOW = FieldCipher([b"k" * 32], b"s" * 32), datetime(2026, 11, 22, tzinfo=UTC)

HEADINGS = ("## Owner", "## Access", "## Limits", "## Oddities", "## Status table")


class MappingContract(Suite):
    """Checks of samples, README and settings; inherit with ``connector`` set."""

    # Mapping, by the samples

    def test_there_are_samples_of_both_sorts(self) -> None:
        """Write at least three samples with `record` and two with `bad`, each with `about` and `raw`."""
        sorts = [frozenset(sample) for sample in self._samples().values()]
        assert sorts.count(frozenset({"about", "raw", "record"})) >= 3
        assert sorts.count(frozenset({"about", "raw", "bad"})) >= 2
        assert len(set(sorts)) == 2

    def test_samples_become_their_records(self) -> None:
        """Correct the mapping, or the sample's `record` if the sample is wrong."""
        for name, sample in self._samples().items():
            if "record" in sample:
                record = self._map(sample["raw"])
                assert as_json(record) == with_parsed_values(sample["record"]), name

    def test_samples_become_the_same_without_their_personal_fields(self) -> None:
        """The mapping must not read what `personal` names."""
        for name, sample in self._samples().items():
            if "record" in sample:
                assert self._map(strip(sample["raw"], self.connector.personal)) == self._map(sample["raw"]), name

    def test_broken_samples_are_refused_without_a_personal_value(self) -> None:
        """Raise BadRecord with the reason in `bad`; name the field, never a personal value."""
        for name, sample in self._samples().items():
            if "bad" in sample:
                with pytest.raises(BadRecord) as refused:
                    self._map(sample["raw"])
                assert sample["bad"] in refused.value.reason, name
                for message in (refused.value.reason, repr(refused.value.__cause__ or "")):
                    assert not [value for value in self._personal(sample["raw"]) if value in message], name

    @pytest.mark.whole
    def test_any_field_value_gives_a_valid_record_or_is_refused(self) -> None:
        """Check the type and range of each field before it is used; raise BadRecord if it is wrong."""
        connector, seen = object.__new__(self.connector), 0
        for raw in (variant for sample in self._samples().values() for variant in variants(sample["raw"])):
            batch = read_items(connector, CIPHER, [raw], NOW)
            assert [fault for fault in batch.rejected if fault.reason.startswith("the mapping cannot read it")] == [], (
                raw
            )
            for place, row in batch.rows.items():
                orjson.dumps([row.body, row.prose])
                if node := node_of(self.connector, place[0]):
                    assert node.from_row(as_read(self.connector, row))
                seen += 1
            self._read_for_complaints(connector, batch)
        assert seen

    def _read_for_complaints(self, connector: Connector, batch: Batch) -> None:
        """Read the shared fields and files of a batch."""
        for row in batch.rows.values():
            with contextlib.suppress(BadRecord):
                connector.shared_values(row.record)
        for raw in batch.unredacted.values():
            with contextlib.suppress(BadRecord):
                connector.files(raw)

    def test_columns_are_declared_and_none_is_personal(self) -> None:
        """Name in `columns` all that the mapping reads, nothing personal; `prose` is a part of them."""
        columns, personal = self.connector.columns, {plain(path) for path in self.connector.personal}
        assert columns, "name the columns that the mapping reads, so that no other is ever kept"
        assert set(self.connector.prose) <= set(columns)
        assert [path for path in columns if personal & {plain(path), plain(path.split(".")[-1])}] == []

    def test_samples_map_equally_from_their_declared_columns(self) -> None:
        """Add to `columns` the path of each field that the mapping reads."""
        for name, sample in self._samples().items():
            raw = keep_columns(sample["raw"], self.connector.columns)
            assert keep_columns(raw, self.connector.columns) == raw, name
            if "record" in sample:
                assert self._map(raw) == self._map(sample["raw"]), name
            else:
                with pytest.raises(BadRecord) as refused:
                    self._map(raw)
                assert sample["bad"] in refused.value.reason, name

    def test_no_value_of_a_column_nobody_declared_is_set_aside(self) -> None:
        """Name in `prose` the columns with text written by people."""
        strange = {"nik": "3399014107900001", "Nama_Pemesan ": "Uji Coba", "\ufeffcustomerPhone": "+6281100000001"}
        connector = object.__new__(self.connector)
        for sample in self._samples().values():
            fault = to_quarantine(
                connector, CIPHER, RejectedItem({**_add_everywhere(sample["raw"], strange)}, "it says so")
            )
            stored = json.dumps(fault.raw, default=str)
            assert [value for value in strange.values() if value in stored] == []
            assert fault.raw["nik"] == "(text)"
            prose = {
                text
                for path in self.connector.prose
                for value in values_at(sample["raw"], path)
                for text in texts(value)
            }
            assert [text for text in prose if len(text) > 9 and text in stored] == []

    def test_no_record_contains_a_personal_value(self) -> None:
        """Leave what `personal` names out of the record."""
        for name, sample in self._samples().items():
            if "record" in sample:
                body = json.dumps(as_json(self._map(sample["raw"])), default=str, ensure_ascii=False)
                assert not [value for value in self._personal(sample["raw"]) if value in body], name

    def test_personal_fields_occur_in_the_samples_and_are_dropped(self) -> None:
        """Put each field of `personal` into a sample, or correct its path."""
        raws = [sample["raw"] for sample in self._samples().values()]
        for path in self.connector.personal:
            assert any(list(values_at(raw, path)) for raw in raws), path
            assert not any(list(values_at(strip(raw, [path]), path)) for raw in raws), path

    # README and settings

    def test_readme_has_its_headings_and_every_setting(self) -> None:
        """Give the README the headings Owner, Access, Limits, Oddities, Status table, and name every setting there."""
        text = (self._folder() / "README.md").read_text()
        assert [line for line in text.splitlines() if line in HEADINGS] == list(HEADINGS)
        prefix = str(self.connector.Settings.model_config["env_prefix"])
        assert prefix == f"HUB_{self.connector.name.upper()}_"
        missing = [name for name in self.connector.Settings.model_fields if f"{prefix}{name.upper()}" not in text]
        assert missing == []

    def test_readme_lists_every_status_of_the_kind(self) -> None:
        """Add each status that a sample becomes to the README's status table."""
        table = (self._folder() / "README.md").read_text().partition(HEADINGS[-1])[2]
        samples = [sample["record"]["status"] for sample in self._samples().values() if "record" in sample]
        assert [status for status in samples if status not in table] == []

    def test_it_declares_who_may_see_its_records(self) -> None:
        """Set `visible_to`: PUBLIC, OFFICERS, the name of a scope, or None for the system's own clients only."""
        assert "visible_to" in vars(self.connector)
        assert self.connector.visible_to in {None, PUBLIC, OFFICERS, *scopes.NAMES}

    def test_the_connector_is_named_like_its_folder(self) -> None:
        """`name` is the folder's; `title` and `owner` are not empty; `docs` begins with https://."""
        assert self.connector.name == self._folder().name
        assert self.connector.title
        assert self.connector.owner
        assert self.connector.docs.startswith("https://")


def as_json(record: Record) -> dict[str, Any]:
    """Return a record in the form of a sample, with times and money as Python values."""
    body = {name: getattr(record, name) for name in Record.__dataclass_fields__}
    return body | {
        "facts": json.loads(json.dumps(asdict(cast(Any, record.facts)))),
        "keys": [[key.name, key.value] for key in record.keys],
    }


def with_parsed_values(expected: dict[str, Any]) -> dict[str, Any]:
    """Return a sample's record with times and money parsed, so that 10.00 is 10 and 07:00+07:00 is midnight UTC."""
    times = {name: datetime.fromisoformat(expected[name]) for name in ("occurred_at", "updated_at")}
    amount = None if expected["amount"] is None else Decimal(expected["amount"])
    return {"facts_version": None} | expected | times | {"amount": amount}


def _add_everywhere(node: Any, strange: dict[str, Any]) -> Any:
    """Return ``node`` with the columns of ``strange`` in every object."""
    if isinstance(node, list):
        return [_add_everywhere(each, strange) for each in node]
    return {**{k: _add_everywhere(v, strange) for k, v in node.items()}, **strange} if isinstance(node, dict) else node
