"""Logging: one event per line, as JSON or for a terminal, with the request id, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from io import StringIO
from typing import Any

import orjson
import stamina
import structlog

REDACTED_NAMES = re.compile(
    r"token|secret|password|authorization|signature|cookie|api_?key|pii"
    r"|nik|npwp|phone|e?mail|reporter|user$|user_|nama_pemesan|address|tracking_?code|text$|content",
    re.IGNORECASE,
)
"""Field names whose values are never logged, because they are secret or personal."""

NOISY_LIBRARIES = ("httpx", "httpcore", "uvicorn.error", "procrastinate", "alembic", "asyncio", "authlib", "urllib3")
"""Libraries whose messages below a warning are not useful; Authlib's contain tokens."""


def configure(level: str, style: str) -> None:
    """Log from ``level`` on to stderr; ``style`` is ``json``, ``console``, or ``auto``: console on a terminal."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        escape_control_characters,
    ]
    readable = style == "console" or (style == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(readable)],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # An unavailable system is logged once, and not at each retry.
    stamina.instrumentation.set_on_retry_hooks([])
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _rendering(readable: bool) -> list[structlog.typing.Processor]:
    traces = structlog.processors.ExceptionRenderer(_trace)
    if readable:
        return [
            traces,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # The default formatter prints local variables, which may be secret or personal.
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    return [
        traces,
        structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str).decode()),
    ]


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose field name is secret or personal, at any depth."""
    return {name: value if name == "event" else _redacted(name, value) for name, value in event.items()}


def escape_control_characters(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape control characters: paths may contain them, and a terminal would interpret them."""
    return {name: _escape(value) for name, value in event.items()}


def escape_text(text: str) -> str:
    """Return ``text`` for a terminal: control characters except line feeds are escaped."""
    return "\n".join(map(_escape, text.split("\n")))


def _escape(value: Any) -> Any:
    match value:
        case str():
            return value if value.isprintable() else "".join(map(_escape_character, value))
        case dict():
            return {_escape(name): _escape(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_escape(inner) for inner in value]
    return value


def _escape_character(one: str) -> str:
    return one if one.isprintable() else ascii(one)[1:-1]


def _trace(exc_info: structlog.typing.ExcInfo) -> str:
    whole = StringIO()
    structlog.dev.plain_traceback(whole, exc_info)
    return escape_text(whole.getvalue())


def _redacted(name: str, value: Any) -> Any:
    if REDACTED_NAMES.search(name):
        return "[hidden]"
    if isinstance(value, dict):
        return {str(inner): _redacted(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", inner) for inner in value]
    return value
