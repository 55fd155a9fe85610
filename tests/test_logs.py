"""Logs: one JSON object a line, the request's id, and nothing secret or personal."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

PROGRAM = """
import logging, structlog
from hub import logs
PATH = "/a\\x1b[2J\\r\\nb\\x9b1mc\\u202ed\\x00"
logs.configure("info", "{style}")
log = structlog.get_logger()
with structlog.contextvars.bound_contextvars(request_id="r-1"):
    log.info("complaint.received", ticket="LG-2026-000001", phone="+62811", nested={{"reporter": {{"nik": "3399"}}}})
log.info("request", path=PATH, kinds=[PATH], held={{PATH: PATH}})
logging.getLogger("library").warning("said %s", PATH)
log.debug("quiet")
logging.getLogger("library").warning("from a %s", "library", extra={{"token": "hunter2"}})
secret = "hunter2"
try:
    raise ZeroDivisionError(PATH)
except ZeroDivisionError:
    log.exception("it.broke")
"""


def logged(style: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(style=style)], capture_output=True, text=True, check=True
    )
    assert not run.stdout
    return run.stderr


def test_json_is_one_object_a_line_with_the_request_id() -> None:
    first, _, _, second, third = map(orjson.loads, logged("json").splitlines())
    assert (first["event"], first["request_id"], first["ticket"]) == ("complaint.received", "r-1", "LG-2026-000001")
    assert (second["event"], second["level"]) == ("from a library", "warning")
    assert "ZeroDivisionError" in third["exception"]


@pytest.mark.parametrize("style", ["json", "console", "auto"])
def test_secret_and_personal_fields_are_hidden_in_traces_too(style: str) -> None:
    output = logged(style)
    assert "complaint.received" in output
    assert "[hidden]" in output
    for hidden in ("+62811", "3399", "'hunter2'"):
        assert hidden not in output.replace('secret = "hunter2"', "")


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_control_character_reaches_the_log(style: str) -> None:
    output = logged(style)
    lines = output.split("\n")
    assert all(line.isprintable() for line in lines)
    for field in ("path=", "kinds=", "held=", "said ") if style == "console" else ('"path":', '"said '):
        (line,) = [each for each in lines if field in each]
        assert "x1b[2J" in line
