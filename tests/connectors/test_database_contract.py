"""Runs the database half of the contract suite on every folder below ``hub/connectors``."""

from __future__ import annotations

import pytest

from hub.testing.database_contract import DatabaseContract
from hub.testing.running import all_connectors

pytestmark = pytest.mark.whole

for _name, _connector in all_connectors().items():
    _suite = f"Test{_name.capitalize()}"
    globals()[_suite] = type(_suite, (DatabaseContract,), {"connector": _connector, "__doc__": _connector.title})
