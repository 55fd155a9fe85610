"""schemathesis generates operations from the schema and finds no fault in the running hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import CLIENTS, patient
from tests.clients.hub_server import TOKEN, data
from tests.clients.python_environment import installed, run

LOCK = CLIENTS / "requirements-schemathesis.lock"
HOOKS = CLIENTS / "schemathesis_hooks.py"
OPERATIONS = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"
EXAMPLES = 40
"""Cases for each operation; the seed is fixed, so that a failure is reproducible."""

pytestmark = [pytest.mark.outside, patient]


async def test_made_up_operations_find_no_fault(url: str, tmp_path: Path) -> None:
    options = f"--max-examples {EXAMPLES} --seed 1 --max-failures 20 --no-color --warnings off".split()
    headers = ("--header", f"Authorization: Bearer {TOKEN}", "--header", "Hub-Purpose: handling")
    st, endpoint = await installed("schemathesis", LOCK) / "st", f"{url}/graphql"
    code, output = await run(st, "run", endpoint, *headers, *options, folder=tmp_path, SCHEMATHESIS_HOOKS=str(HOOKS))
    assert code == 0, output
    roots = (await data(url, OPERATIONS))["__schema"].values()
    names = [field["name"] for root in roots for field in root["fields"] if not field["name"].startswith("_")]
    assert f"Tested: {len(names)}\n" in output, output
