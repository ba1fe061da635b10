"""JSON bodies and path numbers for direct routes, which have no framework to read them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope

from shared.errors import BadRequest, Unprocessable
from shared.web.bodies import read_whole
from shared.web.cursors import MAX_INTEGER
from shared.web.problems import faults

M = TypeVar("M", bound=BaseModel)


async def read_model(kind: type[M], scope: Scope, receive: Receive, limit: int) -> M:
    """The body as that model. Raises TooLarge, and what `parse_model` raises."""
    return parse_model(kind, await read_whole(scope, receive, limit))


def parse_model(kind: type[M], body: bytes | str) -> M:
    """JSON text as that model. Raises BadRequest `invalid_json`, Unprocessable `validation_failed`."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    except RecursionError:
        raise BadRequest("the body is nested too deeply", code="invalid_json") from None
    if any(fault["type"] == "json_invalid" for fault in found):
        raise BadRequest("the body is not valid JSON", code="invalid_json", errors=faults(found))
    told = faults(found)
    where = ".".join(["body", *(str(part) for part in found[0]["loc"])])
    raise Unprocessable(f"{where}: {told[0]['what']}", code="validation_failed", errors=told)


def path_number(scope: Scope, name: str) -> int:
    """A number of the path, 0 or more. Raises Unprocessable `validation_failed`."""
    text = str(scope["path_params"][name])
    if not (text.isascii() and text.isdigit() and len(text) <= 19) or int(text) > MAX_INTEGER:
        raise Unprocessable(f"path.{name}: a whole number, 0 or more", code="validation_failed")
    return int(text)
