"""The only place that turns exceptions into answers: problem+json for all of them."""

import errno
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.contracts.problems import PROBLEM_JSON
from shared.errors import (
    TRANSLATIONS,
    BadRequest,
    DarkroomError,
    InsufficientStorage,
    TooLarge,
    Unprocessable,
)

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
STATE_KEY = "darkroom_request_id"  # where the middleware leaves the request's id in the scope's state
MAX_FAULTS = 20


class BodyDisconnected(Exception):
    """Raised while a body is read when its sender has gone: nobody is left to be answered."""


def problem_of(error: DarkroomError, request_id: str) -> dict[str, Any]:
    """The members of the problem that an error is."""
    return {
        "type": f"urn:darkroom:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        **error.extra,
    }


def problem_response(error: DarkroomError, request_id: str = "") -> Response:
    """The answer for an error, wherever it was raised."""
    text = json.dumps(problem_of(error, request_id), default=str)
    return Response(text, error.status, {"Cache-Control": "no-store", **error.headers}, PROBLEM_JSON)


def as_darkroom_error(error: BaseException) -> DarkroomError | None:
    """The refusal that an exception of a library stands for; None for one that is a crash."""
    if isinstance(error, DarkroomError):
        return error
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return InsufficientStorage("the disk is full; nothing was changed")
    for kind, translate in TRANSLATIONS.items():
        if isinstance(error, kind):
            return translate(error)
    return None


def faults(errors: Iterable[Any]) -> list[dict[str, object]]:
    """Pydantic's errors as {where, what}, without the input itself: it may be huge, or secret."""
    return [
        {"where": [str(part) for part in error["loc"]], "what": error["msg"]}
        for error, _ in zip(errors, range(MAX_FAULTS), strict=False)
    ]


def _from_validation(error: RequestValidationError) -> DarkroomError:
    found = list(error.errors())
    if any(fault.get("type") == "json_invalid" for fault in found):
        return BadRequest("the body is not valid JSON", code="invalid_json", errors=faults(found))
    first = faults(found)[0]
    where = ".".join(str(part) for part in first["where"])  # type: ignore[attr-defined]
    return Unprocessable(f"{where}: {first['what']}", code="validation_failed", errors=faults(found))


def _from_http(error: HTTPException) -> DarkroomError:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge("the body is over the limit of this call")
    phrase = HTTPStatus(error.status_code).phrase
    made = DarkroomError(
        "" if error.detail == phrase else str(error.detail),
        code=phrase.lower().replace(" ", "_").replace("-", "_"),
        headers=dict(error.headers or {}),
    )
    made.status, made.title = error.status_code, phrase  # one class cannot stand for every status
    return made


def install(app: FastAPI) -> None:
    """Answer every error of the app, its own and its libraries', as problem+json."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, RequestValidationError):
            known: DarkroomError | None = _from_validation(error)
        elif isinstance(error, HTTPException):
            known = _from_http(error)
        else:
            known = as_darkroom_error(error)
        if known is None:
            raise error
        return problem_response(known, request.scope.get("state", {}).get(STATE_KEY, ""))

    for kind in (RequestValidationError, HTTPException, DarkroomError, OSError, *TRANSLATIONS):
        app.add_exception_handler(kind, answer)
