"""Parameters that several routes take."""

import re
from typing import Annotated

from fastapi import Header, Path, Query

from shared.errors import Unprocessable
from shared.web.cursors import MAX_INTEGER

Name = Annotated[str, Path(description="the image's name", examples=["sunset.jpg"])]
Digest = Annotated[
    str | None,
    Query(description="this very content, current or earlier; its bytes may then be cached for ever"),
]
RowId = Annotated[int, Path(ge=1, le=MAX_INTEGER)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
IfMatch = Annotated[str | None, Header(description="the ETag that the image must still have")]
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def plain_digest(given: str | None) -> str | None:
    """The hexadecimal digits of a digest. Raises Unprocessable `invalid_digest`."""
    if given is None:
        return None
    found = _DIGEST.fullmatch(given)
    if found is None:
        raise Unprocessable("digest: 64 hexadecimal digits of a SHA-256", code="invalid_digest")
    return found.group(1)
