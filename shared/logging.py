"""Structured logs: one JSON object a line on standard error, control characters escaped, no secrets."""

import json
import logging
import os
import sys
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, cast

from shared.late import not_importable

# It would load them for pretty tracebacks, which nobody sees: 9 MiB in each process.
with not_importable("rich", "better_exceptions"):
    import structlog

from shared.passing import REQUEST_ID, passed_on

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


class NameProcess:
    """Says in each line, from whatever thread, which process it is of; and within a request, which one."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """structlog's."""
        event.setdefault("service", self._service)
        request_id = passed_on().get(REQUEST_ID)
        if request_id is not None:
            event.setdefault("request_id", request_id)
        return event


def _encode(event: Any, **_options: Any) -> bytes:
    return json.dumps(event, default=str, separators=(",", ":")).encode()


def configure(service: str, level: str = "info") -> None:
    """Set up structlog, and the standard library's logging to go through it, for this process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    chain: list[structlog.types.Processor] = [
        NameProcess(service),
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
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process is a line of the log like every other."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        get_logger("process").error("crash", exc_info=(kind, error, trace))


def _log_thread_crash(told: threading.ExceptHookArgs) -> None:
    error = told.exc_value
    if error is not None and not isinstance(error, SystemExit):
        name = told.thread.name if told.thread else ""
        get_logger("process").error("crash of a thread", thread=name, exc_info=error)


def get_logger(part: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines name the part of the program they come from."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=part)
    return logger
