"""Structured logs: one JSON object a line on standard error, control characters escaped, no secrets."""

import json
import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

from shared.late import not_importable

# It would load them for pretty tracebacks, which nobody sees: 9 MiB in each process.
with not_importable("rich", "better_exceptions"):
    import structlog

SECRET_FIELDS = frozenset(
    {"authorization", "cookie", "set-cookie", "password", "key", "token", "secret", "query", "query_string"}
)
HIDDEN = "[hidden]"


class LossyOutput:
    """A file descriptor that work goes on without: on a full disk a line is lost, and no request with it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, line: bytes) -> int:
        """Write the line, or as much of it as there is room for."""
        with suppress(OSError):
            os.write(self._descriptor, line)
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields whose name says that they are secret."""
    for field in SECRET_FIELDS & event.keys():
        event[field] = HIDDEN
    return event


def _encode(event: Any, **_options: Any) -> bytes:
    return json.dumps(event, default=str, separators=(",", ":")).encode()


def configure(service: str, level: str = "info") -> None:
    """Set up structlog, and the standard library's logging to go through it, for this process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    chain: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.JSONRenderer(serializer=_encode)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", LossyOutput(sys.stderr.fileno()))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def get_logger(part: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines name the part of the program they come from."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=part)
    return logger
