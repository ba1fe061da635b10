"""Names of images: what is allowed, and how what people type becomes it."""

import unicodedata

from shared.errors import Unprocessable

MAX_BYTES = 255
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories: control, lone surrogate, line and paragraph ends


class InvalidName(Unprocessable):
    """A name that cannot be an image's."""

    code = "invalid_name"
    title = "This cannot be the name of an image"


def clean_name(given: str) -> str:
    """The name under which an image is kept: NFC, every kind of space as `_`.

    Raises InvalidName when it is empty, over 255 bytes of UTF-8, has a `/`, `\\`, `..` or control
    character in it, or begins with `.` or `-`.
    """
    name = unicodedata.normalize("NFC", given)
    name = "".join("_" if unicodedata.category(char) == "Zs" else char for char in name)
    if not name:
        raise InvalidName("a name has at least one character")
    if any(unicodedata.category(char) in FORBIDDEN for char in name):
        raise InvalidName("a name has no control characters")
    if "/" in name or "\\" in name or ".." in name:
        raise InvalidName("a name has no '/', '\\' or '..' in it")
    if name[0] in ".-":
        raise InvalidName("a name does not begin with '.' or '-'")
    if len(name.encode()) > MAX_BYTES:
        raise InvalidName(f"a name has at most {MAX_BYTES} bytes in UTF-8")
    return name
