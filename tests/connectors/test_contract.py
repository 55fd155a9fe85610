"""Runs the contract suite on every folder below ``hub/connectors``; a new folder needs no edit here."""

from __future__ import annotations

from hub.testing.contract import ConnectorContract
from hub.testing.running import all_connectors

for _name, _connector in all_connectors().items():
    _suite = f"Test{_name.capitalize()}"
    globals()[_suite] = type(_suite, (ConnectorContract,), {"connector": _connector, "__doc__": _connector.title})
