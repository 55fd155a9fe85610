"""Runs the contract suite on every folder below ``hub/connectors``; a new folder needs no edit here."""

from __future__ import annotations

from tests.connectors.contract import ConnectorContract
from tests.connectors.running import found

for _name, _connector in found().items():
    _suite = f"Test{_name.capitalize()}"
    globals()[_suite] = type(_suite, (ConnectorContract,), {"connector": _connector, "__doc__": _connector.title})
