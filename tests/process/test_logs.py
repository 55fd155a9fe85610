"""Logs: one JSON object a line, the request's id, and nothing secret or personal."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

SAY = """
import logging, structlog
from hub import logs
logs.set_up("info", "{style}")
log = structlog.get_logger()
with structlog.contextvars.bound_contextvars(request_id="r-1"):
    log.info("complaint.received", ticket="LG-2026-000001", phone="+62811", nested={{"reporter": {{"nik": "3399"}}}})
log.debug("quiet")
logging.getLogger("library").warning("from a %s", "library", extra={{"token": "hunter2"}})
secret = "hunter2"
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it.broke")
"""


def said(style: str) -> str:
    run = subprocess.run([sys.executable, "-c", SAY.format(style=style)], capture_output=True, text=True, check=True)
    assert not run.stdout
    return run.stderr


def test_json_is_one_object_a_line_with_the_request_id() -> None:
    first, second, third = map(orjson.loads, said("json").splitlines())
    assert (first["event"], first["request_id"], first["ticket"]) == ("complaint.received", "r-1", "LG-2026-000001")
    assert (second["event"], second["level"]) == ("from a library", "warning")
    assert "ZeroDivisionError" in third["exception"]


@pytest.mark.parametrize("style", ["json", "console", "auto"])
def test_secret_and_personal_fields_are_hidden_in_traces_too(style: str) -> None:
    told = said(style)
    assert "complaint.received" in told
    assert "[hidden]" in told
    for held in ("+62811", "3399", "'hunter2'"):
        assert held not in told.replace('secret = "hunter2"', "")
