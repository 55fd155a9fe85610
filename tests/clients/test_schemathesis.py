"""schemathesis generates operations and requests from the hub's own documents and finds no fault in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.connectors.registry import sandbox_variables
from tests.clients import CLIENTS, patient
from tests.clients.hub_server import TOKEN, Hub, data
from tests.clients.python_environment import installed, run

LOCK = CLIENTS / "requirements-schemathesis.lock"
HOOKS = CLIENTS / "schemathesis_hooks.py"
OPERATIONS = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"
EXAMPLES = 40
"""Cases for each operation; the seed is fixed, so that a failure is reproducible."""
REQUESTS = 10
"""Made-up requests for each operation, besides those at the limits of its schema."""

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


async def test_made_up_requests_find_no_fault(hub: Hub, tmp_path: Path) -> None:
    options = f"--phases examples,coverage,fuzzing --max-examples {REQUESTS} --seed 1 --no-color --warnings off".split()
    st, config = await installed("schemathesis", LOCK) / "st", CLIENTS / "schemathesis_http.toml"
    login = ("--header", f"Authorization: Bearer {TOKEN}")
    hooks = str(CLIENTS / "schemathesis_http_hooks.py")
    # With the settings by which the calls of systems are verified.
    nowhere, names = "http://127.0.0.1:9", ("gopay", "oss")
    verified = {key: value for name in names for key, value in sandbox_variables(name, nowhere, tmp_path).items()}
    async with Hub(tmp_path, {**hub.environment, **verified}).serve(graph={}) as urls:
        document = f"{urls['graph']}/openapi.json"
        command = (st, "--config-file", config, "run", document, *login)
        code, output = await run(*command, *options, folder=tmp_path, SCHEMATHESIS_HOOKS=hooks)
    assert code == 0, output
    assert re.search(r"Tested: \d{3}\n", output), output
