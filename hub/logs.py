"""Logs: one event a line, as JSON or readable on a terminal, with the request's id, and nothing secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import stamina
import structlog

HIDDEN = re.compile(
    r"token|secret|password|authorization|signature|cookie|api_?key|pii"
    r"|nik|npwp|phone|e?mail|reporter|user$|user_|nama_pemesan|address|tracking_?code|text$|content",
    re.IGNORECASE,
)
"""Names of fields whose values are never logged, because they are secret or personal."""

NOISY = ("httpx", "httpcore", "uvicorn.error", "procrastinate", "alembic", "asyncio", "authlib")
"""Libraries whose chatter below a warning helps nobody; that of Authlib holds tokens."""


def set_up(level: str, style: str) -> None:
    """Log from ``level`` on to stderr; ``style`` is ``json``, ``console``, or ``auto``: console on a terminal."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide,
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
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # A system that is away is told once when it goes; its every retry is not news.
    stamina.instrumentation.set_on_retry_hooks([])
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _rendering(readable: bool) -> list[structlog.typing.Processor]:
    if readable:
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # The pretty one prints local variables, which may be secret or personal.
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str).decode()),
    ]


def hide(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose field name says that they are secret or personal, however deep they are."""
    return {name: value if name == "event" else _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if HIDDEN.search(name):
        return "[hidden]"
    if isinstance(value, dict):
        return {str(inner): _hidden(str(inner), held) for inner, held in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", held) for held in value]
    return value
