"""Runs the database half of the contract suite on every folder below ``hub/connectors``."""

from __future__ import annotations

import pytest

from tests.connectors.contract_db import DatabaseContract, kept, told
from tests.connectors.running import found

__all__ = ["kept", "told"]

pytestmark = pytest.mark.whole

for _name, _connector in found().items():
    _suite = f"Test{_name.capitalize()}"
    globals()[_suite] = type(_suite, (DatabaseContract,), {"connector": _connector, "__doc__": _connector.title})
