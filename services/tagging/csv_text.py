"""The bytes of a CSV file as text whose delimiters are single bytes.

In UTF-8 and most older encodings a byte that looks like a comma, a quote or a line end is one, so such files
are read where they lie. Others (UTF-16, UTF-32, ISO-2022-JP) are turned into UTF-8 first and back at the end;
a file that would not come back byte for byte is refused.
"""

import codecs
import mmap
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.tagging.csv_problem import InvalidCsv

Source: TypeAlias = bytes | bytearray | memoryview | mmap.mmap
Bytes: TypeAlias = NDArray[np.uint8]

PIECE = 1 << 20  # bytes worked on at a time: arrays of it stay in the processor's cache
BOM = b"\xef\xbb\xbf"
# Encodings without a state, in which a later byte of a character is never 22 (quote), 2C (comma), 0A or 0D.
DIRECT = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp(125\d|437|7\d\d|8\d\d|9\d\d|1125|1006)|koi8-[rtu]|mac-\w+|tis-620|ptcp154|kz1048"
    r"|hp-roman8|shift_jis\w*|gbk|gb2312|gb18030|big5(hkscs)?|euc_\w+|johab"
)
EBCDIC = {"cp875"}  # matches the pattern above, but is nothing like ASCII
MARKS = (  # byte order marks, the longer first
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)


def resolve(source: Source, encoding: str) -> str:
    """The codec to use, byte order decided; raises InvalidCsv when Python knows none of this name."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # refuses codecs that are not of text
    except (LookupError, TypeError, ValueError):
        raise InvalidCsv("unknown_encoding", f"no encoding is called {encoding[:40]!r}") from None
    name = "utf-8" if name == "utf-8-sig" else name
    start = bytes(source[:4])
    for mark, family, exact in MARKS:
        if name == family and start.startswith(mark):
            return exact
    return f"{name}-le" if name in {"utf-16", "utf-32"} else name


def is_direct(codec: str) -> bool:
    """Whether text in this encoding can be read byte for byte."""
    return DIRECT.fullmatch(codec) is not None and codec not in EBCDIC


def as_text(source: Source, codec: str) -> Bytes:
    """The text to scan: the source itself where the encoding allows it, else a copy in UTF-8.

    Raises InvalidCsv when the bytes are not of this encoding or would not come back as they are.
    """
    if is_direct(codec) or len(source) == 0:
        return np.frombuffer(source, np.uint8)
    return np.frombuffer(b"".join(_transcode(source, codec)), np.uint8)


def text_codec(codec: str) -> str:
    """The encoding of what `as_text` answers."""
    return codec if is_direct(codec) else "utf-8"


def encode_back(pieces: Iterable[bytes], codec: str) -> Iterator[bytes]:
    """Pieces of text as they go into the file: the way back of `as_text`."""
    if is_direct(codec):
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoder = codecs.getincrementalencoder(codec)()
    for piece in pieces:
        yield encoder.encode(decoder.decode(piece))
    yield encoder.encode("", final=True)


def _transcode(source: Source, codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)()
    encoder = codecs.getincrementalencoder(codec)()
    rows = position = 0
    size = len(source)
    for begin in range(0, size, PIECE):
        end = min(begin + PIECE, size)
        try:
            text = decoder.decode(source[begin:end], final=end == size)
            result = text.encode()
        except UnicodeError:
            raise InvalidCsv(
                "bad_encoding", f"near line {rows + 1} there are bytes that are not {codec}"
            ) from None
        back = encoder.encode(text, final=end == size)
        if back != source[position : position + len(back)]:
            break
        position += len(back)
        rows += result.count(b"\n")
        yield result
    if position != size:
        raise InvalidCsv(
            "inexact_encoding", f"near line {rows + 1}: text that {codec} would not write back as it is"
        )
